// SPDX-License-Identifier: Apache-2.0
//
// Which of the kept runs were runs of one task file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "errand/events/events.h"

namespace errand {

struct EarlierRun {
  std::string id;
  std::string folder;  // RUNS/ID
  WallTime started;
};

// How many logs are read, the newest first: at every start of a run, and where all are needed.
inline constexpr std::size_t kLogsReadMax = 100;
inline constexpr std::size_t kAllLogs = 4000;

// The runs of the task file at `origin`, newest first, those that still go on too. Two origins are
// one where folder and file lead to the same path. Of tasks that are in no file: the runs with this
// name in the same folder; without a name none. Only first lines are read; what is no log of a run
// is skipped.
std::vector<EarlierRun> earlier_runs(const std::string& runs, const Origin& origin,
                                     const std::string& name = {},
                                     std::size_t logs_read_max = kLogsReadMax);

}  // namespace errand
