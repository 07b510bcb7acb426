// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "errand/plan/plan.h"
#include "errand/taskfile/expand/expansion_budget.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// Of one file; its matrices may add some. A stream of lines has no limit.
inline constexpr std::size_t kTasksMax = 1'000'000;
// What a task repeats of the groups around it, their names and dir, beyond this is paid for.
inline constexpr std::size_t kRepeatedBytesFree = 128;

// How many more tasks a file may have. What is too much becomes a problem, once.
class TaskCountLimit {
 public:
  TaskCountLimit(ExpansionBudget& budget, ProblemList& problems)
      : budget_(budget), problems_(problems) {}

  // May a task be read that stands at `offset`, behind so many others?
  bool may_add_task(std::size_t others, Offset offset);
  // For a task inside of `outer`. When the budget is not enough, the next task has no room.
  void charge_repeated(const Task& outer, Offset offset);

 private:
  ExpansionBudget& budget_;
  ProblemList& problems_;
  bool reached_ = false;
};

}  // namespace errand::task_file
