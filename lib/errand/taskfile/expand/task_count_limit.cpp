// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/task_count_limit.h"

#include <string>

namespace errand::task_file {

bool TaskCountLimit::may_add_task(std::size_t others, Offset offset) {
  if (reached_) return false;
  if (others < kTasksMax) return true;
  reached_ = true;
  problems_.add(offset, "more than " + std::to_string(kTasksMax) +
                            " tasks; write them as JSON Lines, which are read while they run");
  return false;
}

void TaskCountLimit::charge_repeated(const Task& outer, Offset offset) {
  const std::size_t bytes = outer.dir.size() + outer.full_name.size();
  if (bytes <= kRepeatedBytesFree || budget_.spend(bytes - kRepeatedBytesFree)) return;
  reached_ = true;
  problems_.add(offset,
                "the dir and the groups' names that each task repeats are too much; shorten them");
}

}  // namespace errand::task_file
