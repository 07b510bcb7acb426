// SPDX-License-Identifier: Apache-2.0
//
// How long attempts of tasks take: what a hedge after a percentile waits for.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/time.h"
#include "errand/concurrency/latency_quantile.h"
#include "errand/events/events.h"
#include "errand/plan/policy.h"

namespace errand {

// Of attempts, by the full names of their tasks, oldest first.
using Durations = std::map<std::string, std::vector<Duration>, std::less<>>;

// So many must be known before there is a percentile. Of a stream it is one of all its tasks, and
// those that end first are its quickest.
inline constexpr std::size_t kTaskWarmUp = 5;
inline constexpr std::size_t kStreamWarmUp = 20;
inline constexpr std::size_t kDurationsMax = 256;  // the latest count

// Of one task, to begin with.
LatencyQuantile task_latencies(Percentile percentile, const Durations& earlier,
                               std::string_view full_name);
LatencyQuantile stream_latencies(Percentile percentile);

// Which attempts of one task in one run tell how long it takes: those that succeeded, those whose
// own timeout passed, and those that a later one outran. Other failures say nothing about
// successes; neither does a hedge that had less time than the original that won, nor an attempt
// that the deadline of all has cut short.
class LatencySamples {
 public:
  // Of each attempt's end, in order. `why` is the text of its error, as logs have it.
  bool is_representative(int attempt, TaskState state, std::string_view why);

 private:
  std::optional<int> winner_;
};

}  // namespace errand
