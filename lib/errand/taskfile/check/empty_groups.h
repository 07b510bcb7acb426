// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/check/draft.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// Reports each group without a task, the run itself too: a run of nothing would be a success.
void report_empty_groups(const Draft& draft, ProblemList& problems);

}  // namespace errand::task_file
