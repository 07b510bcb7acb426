// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
Task run_group(std::string name, const Overrides& overrides);

struct Selection {
  std::vector<std::string> names;       // full names
  std::vector<std::string> only, skip;  // globs of full names; a * matches a / too
};
// The plan with just the named tasks and those that `only` matches (a group means all of its tasks;
// nothing named: all), what they need, and the groups around them. What `skip` matches is taken
// away before, as if the file did not have it. An error tells each name and glob that matches
// nothing, and the nearest name that exists.
Result<Plan> select(Plan plan, const Selection& selection);
// The same for one task that needs nothing.
bool is_selected(const std::string& full_name, const std::vector<std::string>& only,
                 const std::vector<std::string>& skip);

// The plan with the tasks of each group in an order that only the seed decides.
Plan shuffle(const Plan& plan, std::uint64_t seed);

}  // namespace errand
