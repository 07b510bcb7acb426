// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/throttle.h"

#include <cmath>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

TEST_CASE("#151 extra attempts stop at half of the tokens and start again above it") {
  Throttle throttle(10, 0.1);
  for (int i = 0; i < 4; ++i) CHECK(throttle.on_failure());
  CHECK(throttle.tokens() == Approx(6));
  CHECK_FALSE(throttle.on_failure());
  CHECK(throttle.tokens() == Approx(5));
  CHECK_FALSE(throttle.allowed());
  throttle.on_success();
  CHECK(throttle.tokens() == Approx(5.1));
  CHECK(throttle.allowed());
}

TEST_CASE("#155 tokens stay between 0 and the maximum, and three decimals of the ratio count") {
  Throttle throttle(10, 0.5466);
  for (int i = 0; i < 3; ++i) throttle.on_success();
  CHECK(throttle.tokens() == Approx(10));
  for (int i = 0; i < 20; ++i) throttle.on_failure();
  CHECK(throttle.tokens() == 0);
  throttle.on_success();
  CHECK(throttle.tokens() == Approx(0.546));
  Throttle binary(10, 0.29);  // which is a little less in binary
  binary.on_failure();
  binary.on_success();
  CHECK(binary.tokens() == Approx(9.29));
}

TEST_CASE("a throttle with bad numbers says so and allows nothing") {
  CHECK_FALSE(Throttle(1, 0.001).check());
  CHECK_FALSE(Throttle(1000, 1e9).check());
  for (const Throttle& bad : {Throttle(0, 0.1), Throttle(1001, 0.1), Throttle(10, 0),
                              Throttle(10, -1), Throttle(10, std::nan(""))}) {
    CHECK(bad.check());
    CHECK_FALSE(bad.allowed());
  }
}

}  // namespace
}  // namespace errand::test
