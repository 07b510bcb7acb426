// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "errand/base/result.h"
#include "errand/plan/plan.h"

namespace errand {

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

}  // namespace errand
