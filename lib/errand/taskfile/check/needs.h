// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/check/draft.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// Looks up all names: those given twice, unknown needs, tasks that need themselves and cycles
// become problems; every other need ends up in its task.
void resolve_needs(Draft& draft, ProblemList& problems);

}  // namespace errand::task_file
