// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "errand/plan/plan.h"

namespace errand {

// What the command line says over the file.
struct Overrides {
  std::optional<Mode> mode;              // of the run
  std::optional<Jobs> jobs;              // of the run
  std::optional<Halt> halt;              // of the run
  std::optional<Duration> timeout;       // of the run
  std::optional<Duration> task_timeout;  // a bound for each attempt; shorter ones of tasks stay
  std::optional<Duration> grace;         // everywhere
  std::optional<unsigned> retries;       // of tasks that name none and are not hedged
  std::optional<int> nice;               // of every task
  std::vector<EnvEntry> env;             // of every task, inside everything the file says
};
// To one task of a stream.
void apply(const Overrides& overrides, Task& task);
Plan apply(const Overrides& overrides, Plan plan);
// The group around tasks that no file describes.
Task make_run_group(std::string name, const Overrides& overrides);

}  // namespace errand
