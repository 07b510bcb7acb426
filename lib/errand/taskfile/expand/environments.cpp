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

// What the masker needs for each byte of a secret, as a rule.
constexpr std::size_t kBytesPerSecretByte = 64;

std::size_t bytes_of(const EnvEntry& entry) {
  return sizeof(EnvEntry) + entry.first.size() + (entry.second ? entry.second->size() : 0);
}

// Stops at the first for which there is not enough: once all is spent, no task costs time.
template <class Range>
bool spend_for_each(const Range& entries, ExpansionBudget& budget) {
  return std::ranges::all_of(entries,
                             [&](const auto& entry) { return budget.spend(bytes_of(entry)); });
}

}  // namespace

Environments::Environments(const std::string& dir, const ReadFile& read_file,
                           const ExternalVariables& external_variables, Expander& expander,
                           Masker& masker, ProblemList& problems)
    : dir_(dir),
      read_file_(read_file),
      external_variables_(external_variables),
      expander_(expander),
      masker_(masker),
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
  if (!secret_names_.empty()) collect_secrets(secrets ? secrets.key->offset : place, scope);
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
      secret_names_.try_emplace(std::string(name->text), SecretName{name->offset});
      scope.add_secret(name->text);
    }
  }
}

// Those that are new here: by their names, or because the variable is.
void Environments::collect_secrets(Offset offset, const Scope& scope) {
  const auto add = [&](std::string_view name) { return add_secret(name, offset, scope); };
  bool enough = std::ranges::all_of(scope.own_secrets(), add);
  for (const auto& [name, value] : scope.own_variables()) {
    if (scope.is_secret(name)) enough = enough && add(name);
  }
  if (!enough) report_too_large(offset);
}

// Returns false if the budget is spent.
bool Environments::add_secret(std::string_view name, Offset offset, const Scope& scope) {
  const auto value = external_variables_.variable(name, scope);
  if (!value) return true;
  if (!budget_.spend(kBytesPerSecretByte * value->size())) return false;
  if (value->size() > kSecretBytesMax) {
    problems_.add(offset, [&] {
      return "the value of the secret " + quote(name) +
             " is larger than 128 KiB, more than a process can have in a variable; leave it out "
             "of \"secrets\"";
    });
  }
  if (const auto known = secret_names_.find(name); known != secret_names_.end()) {
    known->second.has_variable = true;
    known->second.is_short |= !value->empty() && value->size() < kLongSecretBytesMin;
  }
  masker_.add(*value);
  return true;
}

std::vector<SecretNote> Environments::notes() const {
  std::vector<SecretNote> notes;
  for (const auto& [name, known] : secret_names_) {
    if (!known.has_variable) {
      notes.push_back({known.offset,
                       "no variable is called " + quote(name) + ", so there is no secret to mask"});
    } else if (known.is_short) {
      notes.push_back({known.offset, std::string(kShortSecretNote)});
    }
  }
  std::ranges::sort(notes, {}, &SecretNote::offset);
  return notes;
}

}  // namespace errand::task_file
