// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "errand/base/masker.h"
#include "errand/plan/plan.h"
#include "errand/taskfile/check/draft.h"
#include "errand/taskfile/syntax/problem.h"

namespace errand::task_file {

// Masks the texts of a plan that errand and its users name it by: names, descriptions and the
// reasons why tasks are excluded. Names that become equal to another one of their group get "#2"
// and so on, in file order; those that had no secret keep theirs. All tasks get `masker`. To be
// called once, when all secrets are known.
void mask_texts(Draft& draft, const std::shared_ptr<const Masker>& masker);

// The same for a task of a stream, whose name is not numbered.
void mask_texts(Task& task, const std::shared_ptr<const Masker>& masker);

Problems masked(Problems problems, const Masker& masker);

}  // namespace errand::task_file
