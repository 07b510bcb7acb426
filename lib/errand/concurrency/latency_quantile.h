// SPDX-License-Identifier: Apache-2.0
//
// LatencyQuantile: how long most calls take, learned from the latest ones. Sources: The Tail at
// Scale (hedge after the 95th percentile: about 5 % more load), failsafe-go (warm-up), Finagle (the
// floor).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "errand/base/error.h"
#include "errand/base/time.h"

namespace errand {

struct LatencyQuantileOptions {
  double quantile = 0.95;                         // above 0, at most 1
  std::size_t warm_up = 20;                       // samples before there is a value
  std::size_t window = 256;                       // latest samples that count, at most 100,000
  Duration floor = std::chrono::milliseconds(1);  // the value is never below this

  // What is wrong with these numbers; none when nothing is.
  Error check() const;
};

// Shared by the calls of one kind. A plain value; loop's thread only. With options that check()
// refuses there is never a value.
class LatencyQuantile {
 public:
  explicit LatencyQuantile(LatencyQuantileOptions options = {});
  Error check() const { return options_.check(); }

  // Moves at most `window` numbers.
  void record(Duration latency);
  // The smallest sample that at least `quantile` of the samples do not exceed; nothing while
  // warming up. Constant time.
  std::optional<Duration> value() const;

 private:
  LatencyQuantileOptions options_;
  std::vector<Duration> sorted_;
  std::vector<Duration> ring_;  // the same samples in the order they came
  std::size_t oldest_ = 0;
};

}  // namespace errand
