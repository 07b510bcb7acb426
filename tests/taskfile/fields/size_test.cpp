// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/size.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("a size is bytes, or K, M, G and T of them, 1024-based") {
  CHECK(parse_size("1") == 1u);
  CHECK(parse_size("65536") == 65536u);
  CHECK(parse_size("512M") == 512u << 20);
  CHECK(parse_size("1k") == 1024u);
  CHECK(parse_size("10B") == 10u);
  CHECK(parse_size("1.5GiB") == std::uint64_t{3} << 29);
  CHECK(parse_size("2Tb") == std::uint64_t{2} << 40);
  CHECK(parse_size("1mib") == 1u << 20);
}

TEST_CASE("anything else is no size") {
  for (const char* text : {"", "M", "-1", "1P", "1 M", "0x10", "1e3", "1..2", ".", "1Mi", "1bB",
                           "nan", "inf", "+1", "0", "0.1", "4194305T", "99999999999999999999999"}) {
    CAPTURE(text);
    CHECK(!parse_size(text));
  }
  CHECK(parse_size("lots").error().message() ==
        "\"lots\" is not a size; write it as 512M, 2G or 65536");
}
