// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "errand/plan/plan.h"
#include "errand/taskfile/check/draft.h"
#include "errand/taskfile/inherited.h"
#include "errand/taskfile/read_options.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr std::size_t kFullNameBytesMax = 1024;

// The document as a plan. Goes on behind each problem; the draft is of use only when there is none.
Draft interpret_plan(const Document& document, const Source& source, const ReadOptions& options,
                     ProblemList& problems);

// The document as one task that stands alone.
Task interpret_task(const Document& document, const Source& source, const Inherited& inherited,
                    ProblemList& problems);

}  // namespace errand::task_file
