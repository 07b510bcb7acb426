// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/scope.h"

#include <algorithm>
#include <ranges>

namespace errand::task_file {
namespace {

constexpr std::size_t kNamesCompared = 8;  // an index of more of them is cheaper

}  // namespace

void Scope::set_variables(std::span<const EnvEntry> own) {
  variables_ = own;
  index_.reset();
}

const EnvEntry* Scope::find_variable(std::string_view name) const {
  for (const Scope* scope = this; scope; scope = scope->outer_) {
    if (const EnvEntry* found = scope->find_own(name)) return found;
  }
  return nullptr;
}

const EnvEntry* Scope::find_own(std::string_view name) const {
  if (variables_.size() <= kNamesCompared) {
    const auto latest = std::views::reverse(variables_);
    const auto found = std::ranges::find(latest, name, &EnvEntry::first);
    return found == latest.end() ? nullptr : &*found;
  }
  if (!index_) {
    index_ = std::make_unique<Index>();
    for (const EnvEntry& entry : variables_) (*index_)[entry.first] = &entry;
  }
  const auto found = index_->find(name);
  return found == index_->end() ? nullptr : found->second;
}

bool Scope::is_secret(std::string_view name) const {
  for (const Scope* scope = this; scope; scope = scope->outer_) {
    if (scope->secrets_.contains(name)) return true;
  }
  return false;
}

}  // namespace errand::task_file
