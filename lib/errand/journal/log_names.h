// SPDX-License-Identifier: Apache-2.0
//
// LogNames: which failed tasks of a run have a file with their output, and how it is called. The
// same events give the same names, live or replayed.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "errand/events/events.h"

namespace errand {

class LogNames {
 public:
  static constexpr std::size_t kLogsMax = 100;
  struct Log {
    std::string name;   // of the file in the run's folder
    KeptOutput output;  // what is in it: that of the task's last failed attempt that wrote any
  };

  void note(const AttemptEnded& ended);
  // None: the task did not fail, wrote nothing, or too many have a file already.
  std::optional<Log> take(const TaskEnded& ended);

 private:
  std::unordered_map<TaskId, KeptOutput> failures_;  // of tasks that have not ended
  std::set<std::string> taken_;
};

}  // namespace errand
