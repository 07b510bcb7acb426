// SPDX-License-Identifier: Apache-2.0
//
// ${{ }} in the values of a task file, and its conditions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errand/taskfile/expand/expansion_budget.h"
#include "errand/taskfile/expand/expression.h"
#include "errand/taskfile/expand/scope.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/read_options.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// What stands outside the file and can be named in it.
class ExternalVariables {
 public:
  // Copies what it needs of `options`.
  explicit ExternalVariables(const ReadOptions& options);

  std::optional<std::string> var(std::string_view name) const;
  // Names that were given a value beside the file, sorted.
  std::vector<std::string> var_names() const;
  // The variable as a task read in `scope` sees it; nothing when it is not set.
  std::optional<std::string> variable(std::string_view name, const Scope& scope) const;

 private:
  std::function<std::optional<std::string>(const std::string&)> process_;
  std::unordered_map<std::string, std::string> vars_;
  std::unordered_map<std::string, std::optional<std::string>> innermost_;
};

// Reports a "key" among the keys of a matrix task that mentions no value of the matrix: one task
// would do the work of all, and the others would never run.
void check_matrix_key(const KeySet& keys, ProblemList& problems);

// Are there expressions in the value, or in what is inside it?
bool has_expressions_below(const Node& value);

class Expander {
 public:
  // `source` is what `document` was read from.
  Expander(const Document& document, const Source& source,
           const ExternalVariables& external_variables, ExpansionBudget& budget,
           ProblemList& problems);

  // Reads "vars".
  void read_vars(const Entry& entry);
  // Reports values that were given for vars which the document does not have: they would change
  // nothing.
  void report_undeclared_vars() const;
  // Does the document have any expression? Without one, expand() costs nothing.
  bool has_any() const { return any_; }
  // The value with its expressions replaced, if it has some; `scope` keeps the copy. Keys of maps
  // stay as they are. What is wrong becomes a problem, and the text stays.
  Entry expand(const Entry& entry, Scope& scope);
  void expand(KeySet& keys, Keys which, Scope& scope);
  // The value of "if"; nothing when there is a problem.
  std::optional<bool> evaluate(const Entry& entry, const Scope& scope);

 private:
  enum class Unset { is_error, is_empty };
  ExpressionScope names_in(const Scope& scope, Unset unset);
  std::optional<std::string> charge(std::optional<std::string> value);
  void expand_text(Node& node, const Entry& entry, Scope& scope);
  void report(const Node& node, const Entry& entry, const Error& error);

  const ExternalVariables& external_variables_;
  ExpansionBudget& budget_;
  ProblemList& problems_;
  std::unordered_map<std::string_view, std::string_view> vars_;
  bool any_;
  bool budget_exceeded_ = false;
};

}  // namespace errand::task_file
