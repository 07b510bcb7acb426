// SPDX-License-Identifier: Apache-2.0
//
// Which of the kept runs are removed, so that they do not fill the disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "errand/events/events.h"

namespace errand {

// What is left at most.
struct PruneLimits {
  std::size_t runs = 2000;
  std::uint64_t bytes = std::uint64_t{1} << 30;
  std::size_t old_runs = 20;  // that began more than kOldAfter ago
  // Task files whose last runs are kept whatever the other limits say.
  std::size_t files = 200;
};
inline constexpr std::chrono::hours kOldAfter{24};

// Removes runs in the folder `runs` until the limits hold: first successful runs of command lines,
// then successful runs of task files, then all others; the oldest of each kind first. Never removed
// are `keep`, which is the run that calls this, the last run of each task file, the last run that
// failed, and the runs that are active or being resumed. Only what journals are made of is removed,
// and no symbolic link is followed.
void prune_runs(const std::string& runs, const std::string& keep, WallTime now,
                const PruneLimits& limits = {});

// Whether the run with this id prunes, after its end. Looking at all runs takes longer than a short
// run, so one run in kPruneOneIn does it.
inline constexpr std::size_t kPruneOneIn = 50;
bool is_pruning_turn(std::string_view id);

}  // namespace errand
