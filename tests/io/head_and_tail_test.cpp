// SPDX-License-Identifier: Apache-2.0
#include "errand/io/head_and_tail.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("what fits is kept whole, in one piece or in many") {
  for (const std::size_t step : {1U, 3U, 20U}) {
    HeadAndTail kept(10);
    const std::string all = "0123456789abcdefghij";
    for (std::size_t at = 0; at < all.size(); at += step) kept.append(all.substr(at, step));
    CHECK(kept.text() == all);
    CHECK(kept.left_out() == 0);
  }
}

TEST_CASE("[F4.14] of what does not fit the middle is left out and counted") {
  for (const std::size_t step : {1U, 3U, 7U, 26U}) {
    CAPTURE(step);
    HeadAndTail kept(5);
    const std::string all = "abcdefghijklmnopqrstuvwxyz";
    for (std::size_t at = 0; at < all.size(); at += step) kept.append(all.substr(at, step));
    CHECK(kept.left_out() == 16);
    CHECK(kept.text() == "abcde\n[errand: 16 bytes left out: there was no room for them]\nvwxyz");
  }
}
