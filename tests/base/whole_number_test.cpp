// SPDX-License-Identifier: Apache-2.0
#include "errand/base/whole_number.h"

#include <cstdint>

#include "support/catch.h"

using namespace errand;

TEST_CASE("a whole number is all of its text, or none") {
  CHECK(parse_whole_number<int>("-20") == -20);
  CHECK(parse_whole_number<unsigned>("0") == 0U);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "one"}) {
    CHECK_FALSE(parse_whole_number<int>(text));
  }
}

TEST_CASE("a number that does not fit is none") {
  CHECK(parse_whole_number<std::uint16_t>("65535") == std::uint16_t{65535});
  CHECK_FALSE(parse_whole_number<std::uint16_t>("65536"));
  CHECK_FALSE(parse_whole_number<unsigned>("-1"));
}
