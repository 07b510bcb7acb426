// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/expand/matrix.h"
#include "errand/taskfile/syntax/document.h"

namespace errand::task_file {

// A task or a group while it is read: what its texts can name, on top of what the groups around it
// have. Lives as long as what is read with it.
class Scope {
 public:
  using Names = std::set<std::string, std::less<>>;

  explicit Scope(const Scope* outer, const Combination* matrix = nullptr)
      : outer_(outer), matrix_(matrix), excluded_(outer && outer->excluded_) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  const Combination* matrix() const { return matrix_; }

  // The variables of this task alone; of two with one name the later counts. They must live as
  // long, or until they are replaced.
  void set_variables(std::span<const EnvEntry> own);
  // What the innermost scope says that has the name; null when none has.
  const EnvEntry* find_variable(std::string_view name) const;
  std::span<const EnvEntry> own_variables() const { return variables_; }

  // Is the task, or a group around it, not to run?
  bool is_excluded() const { return excluded_; }
  void exclude() { excluded_ = true; }

  void add_secret(std::string_view name) { secrets_.emplace(name); }
  // The names of this scope alone.
  const Names& own_secrets() const { return secrets_; }
  // Does this scope, or one around it, call the variable a secret?
  bool is_secret(std::string_view name) const;

  // Texts and nodes made while this is read.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  std::vector<Node>& keep(std::vector<Node> nodes) { return nodes_.emplace_back(std::move(nodes)); }

 private:
  using Index = std::unordered_map<std::string_view, const EnvEntry*>;
  const EnvEntry* find_own(std::string_view name) const;

  const Scope* outer_;
  const Combination* matrix_;
  bool excluded_;
  std::span<const EnvEntry> variables_;
  mutable std::unique_ptr<Index> index_;  // of many variables, made when one is looked up
  Names secrets_;
  std::list<std::string> texts_;
  std::list<std::vector<Node>> nodes_;
};

}  // namespace errand::task_file
