// SPDX-License-Identifier: Apache-2.0
//
// How long attempts took in the kept runs of a task file.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "errand/events/events.h"
#include "errand/events/latencies.h"

namespace errand {

// Of logs no more is read, so that a run does not begin late.
inline constexpr std::uint64_t kHistoryBytesMax = std::uint64_t{64} << 20;

using TaskNames = std::set<std::string, std::less<>>;

// Of the attempts that tell (LatencySamples) of the tasks with these names, in earlier runs of the
// task file at `origin`; the newest are read first, kDurationsMax of a task are enough. Lines that
// are no events are skipped.
Durations earlier_durations(const std::string& runs, const Origin& origin, const TaskNames& tasks,
                            std::uint64_t bytes_max = kHistoryBytesMax);

}  // namespace errand
