// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/check/empty_groups.h"

#include <string>

#include "errand/base/quoted_text.h"

namespace errand::task_file {

void report_empty_groups(const Draft& draft, ProblemList& problems) {
  for (const Task& task : draft.tasks) {
    if (!task.is_group || !task.children.empty()) continue;
    problems.add(draft.names[task.id].offset, [&] {
      return task.id == 0 ? std::string("no tasks; write at least one below \"tasks\"")
                          : "no tasks in " + quote(task.full_name) +
                                "; write at least one, or remove the group";
    });
  }
}

}  // namespace errand::task_file
