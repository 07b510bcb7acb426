// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// A need as the file has it: who needs, whom by name, and where that is written.
struct NeedField {
  TaskId task = 0;
  Offset offset = 0;
  std::string_view name;
  std::optional<Condition> condition;  // as written, if it is
  Offset condition_offset = 0;
};

// The value of "needs", as written; whose needs they are is the caller's to say.
std::vector<NeedField> read_need_fields(const Entry& entry, ProblemList& problems);

}  // namespace errand::task_file
