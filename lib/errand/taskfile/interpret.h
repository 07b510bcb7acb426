// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/check/draft.h"
#include "errand/taskfile/expand/environments.h"
#include "errand/taskfile/expand/expand.h"
#include "errand/taskfile/read_options.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr Duration kSlowAfter = std::chrono::seconds(60);  // where the file says nothing

// What all tasks of a source inherit from.
struct Inherited {
  explicit Inherited(const ReadOptions& options);
  ExternalVariables external_variables;
  Environments::ReadFile read_file;
  std::string dir;
  std::shared_ptr<const std::vector<std::string>> shell;
  std::shared_ptr<const std::vector<EnvEntry>> env;
  Duration grace;
};

inline constexpr std::size_t kFullNameBytesMax = 1024;

// The document as a plan. Goes on behind each problem; the draft is of use only when there is none.
Draft interpret_plan(const Document& document, const Source& source, const ReadOptions& options,
                     ProblemList& problems);

// The document as one task that stands alone.
Task interpret_task(const Document& document, const Source& source, const Inherited& inherited,
                    ProblemList& problems);

}  // namespace errand::task_file
