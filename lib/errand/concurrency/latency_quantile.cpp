// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/latency_quantile.h"

#include <algorithm>
#include <cmath>

namespace errand {

Error LatencyQuantileOptions::check() const {
  if (!(quantile > 0 && quantile <= 1)) {
    return Error::text("latency quantile: the quantile is not between 0 and 1");
  }
  if (window < 1 || window > 100'000) {
    return Error::text("latency quantile: the window is not between 1 and 100000 samples");
  }
  if (warm_up > window)
    return Error::text("latency quantile: the warm-up is longer than the window");
  return {};
}

LatencyQuantile::LatencyQuantile(LatencyQuantileOptions options) : options_(options) {}

void LatencyQuantile::record(Duration latency) {
  if (options_.check()) return;
  if (ring_.size() < options_.window) {
    ring_.push_back(latency);
  } else {
    sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), ring_[oldest_]));
    ring_[oldest_] = latency;
    oldest_ = (oldest_ + 1) % ring_.size();
  }
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), latency), latency);
}

std::optional<Duration> LatencyQuantile::value() const {
  if (sorted_.empty() || sorted_.size() < options_.warm_up) return std::nullopt;
  const double rank = std::ceil(options_.quantile * static_cast<double>(sorted_.size()) - 1e-9);
  return std::max(options_.floor, sorted_[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
}

}  // namespace errand
