// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/environments.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/fields/env_file.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

std::size_t bytes_of(const EnvEntry& entry) {
  return sizeof(EnvEntry) + entry.first.size() + (entry.second ? entry.second->size() : 0);
}

std::size_t bytes_of(const std::string& secret) { return sizeof(secret) + secret.size(); }

// Stops at the first for which there is not enough: once all is spent, no task costs time.
template <class Range>
bool spend_for_each(const Range& entries, ExpansionBudget& budget) {
  return std::ranges::all_of(entries,
                             [&](const auto& entry) { return budget.spend(bytes_of(entry)); });
}

// The whole, and each of its lines that is long enough to be told from other text.
void add_secret_value(const std::string& value, std::vector<std::string>& values) {
  if (value.empty()) return;
  values.push_back(value);
  if (value.find('\n') == std::string::npos) return;
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t end = std::min(value.find('\n', begin), value.size());
    std::string line = value.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() >= kSecretLineBytesMin) values.push_back(std::move(line));
    begin = end + 1;
  }
}

}  // namespace

Environments::Environments(const std::string& dir, const ReadFile& read_file,
                           const ExternalVariables& external_variables, Expander& expander,
                           ProblemList& problems)
    : dir_(dir),
      read_file_(read_file),
      external_variables_(external_variables),
      expander_(expander),
      problems_(problems) {}

void Environments::read(const KeySet& keys, Scope& scope, Task& task, Offset place) {
  Entries own;
  const Entry files = keys[Key::env_file], env = keys[Key::env], secrets = keys[Key::secrets];
  if (scope.matrix()) own = matrix_variables(*scope.matrix());
  if (files) add_files(files, scope, own);
  if (env) add_values(env, scope, own);
  if (env || files) place = env ? env.key->offset : files.key->offset;
  if (!own.empty()) extend(task, std::move(own), place, scope);

  if (secrets) read_secret_names(secrets, scope);
  if (any_secrets_) collect_secrets(task, secrets ? secrets.key->offset : place, scope);
}

void Environments::add_files(const Entry& entry, Scope& scope, Entries& own) {
  const Entry expanded = expander_.expand(entry, scope);
  for (const Node* path : read_texts(expanded, "paths", problems_)) {
    if (path->text.empty()) {
      problems_.add(path->offset, "the path is empty; write the name of a file");
    } else {
      add_file(entry, *path, own);
    }
  }
}

void Environments::add_file(const Entry& entry, const Node& path, Entries& own) {
  const Result<Entries>& file = load(join_dir(dir_, path.text));
  if (!file) {
    return problems_.add(path.offset, [&] {
      return std::string(entry.key->text) + ": " + quote(path.text) + ": " +
             escape(file.error().message());
    });
  }
  if (!spend_for_each(*file, budget_)) return report_too_large(entry.key->offset);
  own.insert(own.end(), file->begin(), file->end());
}

const Result<Environments::Entries>& Environments::load(const std::string& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) return known->second;
  Result<std::string> text =
      read_file_ ? read_file_(path) : std::unexpected(Error::text("files cannot be read here"));
  Result<Entries> entries =
      text ? parse_env_file(*text) : Result<Entries>(std::unexpected(text.error()));
  return files_.emplace(path, std::move(entries)).first->second;
}

void Environments::add_values(const Entry& entry, Scope& scope, Entries& own) {
  scope.set_variables(own);  // the values see the files, but not each other
  Entries values = read_env(expander_.expand(entry, scope), problems_);
  scope.set_variables({});
  std::ranges::move(values, std::back_inserter(own));
}

void Environments::report_too_large(Offset offset) {
  budget_.spend_all();
  problems_.add(
      offset, "the environments of all tasks together are too large; put less into the outer ones");
}

void Environments::extend(Task& task, Entries own, Offset offset, Scope& scope) {
  if (!spend_for_each(*task.env, budget_)) return report_too_large(offset);
  const std::size_t inherited = task.env->size();
  Entries merged = *task.env;
  merged.reserve(inherited + own.size());
  std::ranges::move(own, std::back_inserter(merged));
  task.env = std::make_shared<const Entries>(std::move(merged));
  scope.set_variables(std::span(*task.env).subspan(inherited));
}

void Environments::read_secret_names(const Entry& entry, Scope& scope) {
  const Entry expanded = expander_.expand(entry, scope);
  for (const Node* name : read_texts(expanded, "names of variables", problems_)) {
    if (!is_variable_name(name->text)) {
      problems_.add(name->offset,
                    [&] { return quote(name->text) + " cannot be the name of a variable"; });
    } else if (!scope.is_secret(name->text)) {
      any_secrets_ = true;
      scope.add_secret(name->text);
    }
  }
}

// Those that are new here: by their names, or because the variable is.
void Environments::collect_secrets(Task& task, Offset offset, const Scope& scope) {
  std::vector<std::string> values;
  const auto add = [&](std::string_view name) {
    const auto value = external_variables_.variable(name, scope);
    if (!value) return true;
    if (!budget_.spend(sizeof(std::string) + value->size())) return false;
    add_secret_value(*value, values);
    return true;
  };
  bool enough = std::ranges::all_of(scope.own_secrets(), add);
  for (const auto& [name, value] : scope.own_variables()) {
    if (scope.is_secret(name)) enough = enough && add(name);
  }
  if (!enough) return report_too_large(offset);
  if (!values.empty()) extend_secrets(task, std::move(values), offset);
}

// Values of outer tasks stay secrets in inner ones that set the variable anew: their output may
// still have them.
void Environments::extend_secrets(Task& task, std::vector<std::string> values, Offset offset) {
  if (task.secrets) {
    if (!spend_for_each(*task.secrets, budget_)) return report_too_large(offset);
    values.insert(values.end(), task.secrets->begin(), task.secrets->end());
  }
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  task.secrets = std::make_shared<const std::vector<std::string>>(std::move(values));
}

}  // namespace errand::task_file
