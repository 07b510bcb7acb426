// SPDX-License-Identifier: Apache-2.0
//
// What is wrong in a task file, and where.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"

namespace errand {

// Something wrong in the input: "what, and what to do", and where.
struct Problem {
  Position position;
  std::string what;
};
// "FILE:LINE:COLUMN: WHAT"; the position is left out where there is none.
std::string format_problem(std::string_view file, const Problem& problem);

inline constexpr std::size_t kProblemsMax = 100;
// Sorted by position; at most kProblemsMax and one without a position that counts the rest.
using Problems = std::vector<Problem>;

}  // namespace errand
