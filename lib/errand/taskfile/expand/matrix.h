// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/expand/expansion_budget.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr std::size_t kCombinationsMax = 1000;    // of one matrix
inline constexpr std::size_t kMatrixVariablesMax = 100;  // names in one matrix

// One task of a matrix: a value for each variable. The texts are the document's.
struct Combination {
  std::string name;         // the task's: its values joined by ','; unlike those of the others
  std::string values_text;  // the same before it is cut and made fit for a name
  std::vector<std::pair<std::string_view, std::string_view>> values;  // in the matrix's order

  std::optional<std::string> value(std::string_view variable) const;
};

// The name of the task with these values, joined by ',': shortened, and without a '/'.
std::string matrix_task_name(std::string_view values_text);

// The combinations in GitHub Actions' order and by its rules: all of the lists, without those that
// an entry of `exclude` matches in part; an entry of `include` extends each of them of whose values
// in the lists it changes none, or is one of its own. Nothing when there is a problem.
std::vector<Combination> read_matrix(const Entry& entry, ExpansionBudget& budget,
                                     ProblemList& problems);

// The variables that a task of the matrix sees: MATRIX_NAME, what is no letter, digit or '_' as
// '_'.
std::vector<EnvEntry> matrix_variables(const Combination& combination);

}  // namespace errand::task_file
