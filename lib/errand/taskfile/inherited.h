// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "errand/base/masker.h"
#include "errand/plan/plan.h"
#include "errand/taskfile/expand/environments.h"
#include "errand/taskfile/expand/expand.h"
#include "errand/taskfile/read_options.h"

namespace errand::task_file {

// What all tasks of a source inherit from.
struct Inherited {
  explicit Inherited(const ReadOptions& options);
  ExternalVariables external_variables;
  Environments::ReadFile read_file;
  std::string dir;
  std::shared_ptr<const std::vector<std::string>> shell;
  std::shared_ptr<const std::vector<EnvEntry>> env;
  Duration grace;
  std::shared_ptr<Masker> masker;
};

}  // namespace errand::task_file
