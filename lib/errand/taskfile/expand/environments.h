// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/expand/expand.h"
#include "errand/taskfile/expand/expansion_budget.h"
#include "errand/taskfile/expand/scope.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr std::size_t kSecretLineBytesMin = 4;  // shorter lines of a secret are no secrets

// Reads what tasks see of variables: env_file, env and secrets, and what a matrix adds.
class Environments {
 public:
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;
  // All of them must live as long. `dir` is where paths start.
  Environments(const std::string& dir, const ReadFile& read_file,
               const ExternalVariables& external_variables, Expander& expander,
               ProblemList& problems);

  // Puts on `task`, which has what the group around it has, its own variables and secrets, and
  // tells `scope` of them. `place` is the task's, for problems that have none of their own.
  void read(const KeySet& keys, Scope& scope, Task& task, Offset place);

 private:
  using Entries = std::vector<EnvEntry>;
  void add_files(const Entry& entry, Scope& scope, Entries& own);
  void add_file(const Entry& entry, const Node& path, Entries& own);
  const Result<Entries>& load(const std::string& path);
  void add_values(const Entry& entry, Scope& scope, Entries& own);
  void extend(Task& task, Entries own, Offset offset, Scope& scope);
  void read_secret_names(const Entry& entry, Scope& scope);
  void collect_secrets(Task& task, Offset offset, const Scope& scope);
  void extend_secrets(Task& task, std::vector<std::string> values, Offset offset);
  void report_too_large(Offset offset);

  const std::string& dir_;
  const ReadFile& read_file_;
  const ExternalVariables& external_variables_;
  Expander& expander_;
  ProblemList& problems_;
  ExpansionBudget budget_{kEnvCopiedBytesMax};
  std::unordered_map<std::string, Result<Entries>> files_;
  bool any_secrets_ = false;
};

}  // namespace errand::task_file
