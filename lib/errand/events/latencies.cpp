// SPDX-License-Identifier: Apache-2.0
#include "errand/events/latencies.h"

#include "errand/events/failure.h"

namespace errand {
namespace {

LatencyQuantile latencies(Percentile percentile, std::size_t warm_up) {
  LatencyQuantileOptions options;
  options.quantile = percentile.value / 100.0;
  options.warm_up = warm_up;
  options.window = kDurationsMax;
  return LatencyQuantile(options);
}

}  // namespace

LatencyQuantile task_latencies(Percentile percentile, const Durations& earlier,
                               std::string_view full_name) {
  LatencyQuantile quantile = latencies(percentile, kTaskWarmUp);
  const auto found = earlier.find(full_name);
  if (found == earlier.end()) return quantile;
  for (const Duration duration : found->second) quantile.record(duration);
  return quantile;
}

LatencyQuantile stream_latencies(Percentile percentile) {
  return latencies(percentile, kStreamWarmUp);
}

bool LatencySamples::is_representative(int attempt, TaskState state, std::string_view why) {
  if (state == TaskState::succeeded) winner_ = attempt;
  if (state == TaskState::canceled) return winner_ && attempt < *winner_;
  if (state == TaskState::timed_out) return TimedOut::is_timeout(why);
  return state == TaskState::succeeded;
}

}  // namespace errand
