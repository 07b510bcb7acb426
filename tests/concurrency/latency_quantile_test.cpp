// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/latency_quantile.h"

#include "support/virtual_test.h"

namespace errand::test {
namespace {

LatencyQuantileOptions options(double quantile, std::size_t warm_up, std::size_t window) {
  LatencyQuantileOptions chosen;
  chosen.quantile = quantile;
  chosen.warm_up = warm_up;
  chosen.window = window;
  return chosen;
}

TEST_CASE("a quantile has no value while it warms up") {
  LatencyQuantile quantile(options(0.5, 3, 10));
  quantile.record(10ms);
  quantile.record(10ms);
  CHECK_FALSE(quantile.value().has_value());
  quantile.record(10ms);
  CHECK(quantile.value() == 10ms);
  CHECK_FALSE(LatencyQuantile(options(0.5, 0, 10)).value().has_value());
}

TEST_CASE("a quantile is the smallest sample that so many do not exceed") {
  LatencyQuantile p95(options(0.95, 1, 100));
  LatencyQuantile p50(options(0.5, 1, 100));
  LatencyQuantile p100(options(1, 1, 100));
  for (int i = 100; i >= 1; --i) {
    for (LatencyQuantile* quantile : {&p95, &p50, &p100}) quantile->record(i * 1ms);
  }
  CHECK(p95.value() == 95ms);
  CHECK(p50.value() == 50ms);
  CHECK(p100.value() == 100ms);
}

TEST_CASE("only the latest samples count") {
  LatencyQuantile quantile(options(1, 1, 3));
  for (int i : {90, 10, 20, 30, 20}) quantile.record(i * 1ms);
  CHECK(quantile.value() == 30ms);
  quantile.record(20ms);
  quantile.record(20ms);
  CHECK(quantile.value() == 20ms);
}

TEST_CASE("a quantile is never below its floor") {
  LatencyQuantileOptions chosen = options(1, 1, 3);
  chosen.floor = 5ms;
  LatencyQuantile quantile(chosen);
  quantile.record(1us);
  CHECK(quantile.value() == 5ms);
}

TEST_CASE("a quantile with bad options says so and never has a value") {
  for (const LatencyQuantileOptions& bad :
       {options(0, 1, 10), options(1.1, 1, 10), options(0.5, 1, 0), options(0.5, 11, 10)}) {
    LatencyQuantile quantile(bad);
    CHECK(quantile.check());
    for (int i = 0; i < 20; ++i) quantile.record(1ms);
    CHECK_FALSE(quantile.value().has_value());
  }
}

}  // namespace
}  // namespace errand::test
