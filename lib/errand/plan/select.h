// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "errand/base/result.h"
#include "errand/plan/plan.h"

namespace errand {

// What the command line says over the file.
struct Overrides {
  std::optional<Mode> mode;              // of the run
  std::optional<Jobs> jobs;              // of the run
  std::optional<Duration> timeout;       // of the run
  std::optional<Duration> task_timeout;  // a bound for each attempt; shorter ones of tasks stay
  std::optional<Duration> grace;         // everywhere
  std::vector<EnvEntry> env;             // inside everything the file says
};
// To one task of a stream.
void apply(const Overrides& overrides, Task& task);
Plan apply(const Overrides& overrides, const Plan& plan);

// The plan with just the named tasks (full names; a group means all of its tasks), what they need,
// and the groups around them. An error names each unknown one and the nearest that exists.
Result<Plan> select(const Plan& plan, const std::vector<std::string>& names);

}  // namespace errand
