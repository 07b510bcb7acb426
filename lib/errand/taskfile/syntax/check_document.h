// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// What is wrong whatever the document means: a key twice in one map, a NUL that an escape made.
void check_document(const Document& document, ProblemList& problems);

}  // namespace errand::task_file
