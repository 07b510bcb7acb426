// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "errand/base/masker.h"
#include "errand/plan/plan.h"
#include "errand/taskfile/expand/expand.h"
#include "errand/taskfile/expand/expansion_budget.h"
#include "errand/taskfile/expand/scope.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// Something about a name in `secrets` that is no problem, but worth a look.
struct SecretNote {
  Offset offset = 0;
  std::string text;
};

// Reads what tasks see of variables: env_file, env and secrets, and what a matrix adds.
class Environments {
 public:
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;
  // All of them must live as long. `dir` is where paths start.
  Environments(const std::string& dir, const ReadFile& read_file,
               const ExternalVariables& external_variables, Expander& expander, Masker& masker,
               ProblemList& problems);

  // Adds to `task`, which has what the group around it has, its own variables, to `scope` these
  // and the names of its secrets, and to the masker the secrets' values. `place` is the task's, for
  // problems that have none of their own.
  void read(const KeySet& keys, Scope& scope, Task& task, Offset place);
  // Names that no variable has, and values that are too short to be masked everywhere; to be called
  // when all tasks have been read. In file order.
  std::vector<SecretNote> notes() const;

 private:
  using Entries = std::vector<EnvEntry>;
  void add_files(const Entry& entry, Scope& scope, Entries& own);
  void add_file(const Entry& entry, const Node& path, Entries& own);
  const Result<Entries>& load(const std::string& path);
  void add_values(const Entry& entry, Scope& scope, Entries& own);
  void extend(Task& task, Entries own, Offset offset, Scope& scope);
  void read_secret_names(const Entry& entry, Scope& scope);
  void collect_secrets(Offset offset, const Scope& scope);
  bool add_secret(std::string_view name, Offset offset, const Scope& scope);
  void report_too_large(Offset offset);

  const std::string& dir_;
  const ReadFile& read_file_;
  const ExternalVariables& external_variables_;
  Expander& expander_;
  Masker& masker_;
  ProblemList& problems_;
  ExpansionBudget budget_{kEnvCopiedBytesMax};
  std::unordered_map<std::string, Result<Entries>> files_;
  struct SecretName {
    Offset offset = 0;  // where it is first named
    bool has_variable = false, is_short = false;
  };
  std::map<std::string, SecretName, std::less<>> secret_names_;
};

}  // namespace errand::task_file
