// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/fingerprint.h"

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <variant>

#include "errand/base/fnv.h"
#include "errand/base/masker.h"

namespace errand {
namespace {

// FNV-1a of fields: each with its size, so that where one ends matters.
class Hash {
 public:
  explicit Hash(const Masker& masker) : masker_(masker) {}
  void add(std::uint64_t number) {
    std::array<char, sizeof number> bytes;
    for (char& byte : bytes) {
      byte = static_cast<char>(number);
      number >>= 8;
    }
    value_ = fnv1a({bytes.data(), bytes.size()}, value_);
  }
  void add(std::string_view text) {
    if (masker_.empty()) return add_plain(text);
    add_plain(masker_.mask(text));
  }
  void add(const std::vector<std::string>& words) {
    add(words.size());
    for (const std::string& word : words) add(word);
  }
  void add(const Run& run) {
    add(run.index());
    if (const auto* script = std::get_if<Script>(&run)) add(script->text);
    if (const auto* words = std::get_if<Argv>(&run)) add(*words);
  }
  void add(const std::optional<std::uint64_t>& number) {
    add(std::uint64_t{number.has_value()});
    add(number.value_or(0));
  }
  std::uint64_t value() const { return value_; }

 private:
  void add_plain(std::string_view text) {
    add(text.size());
    value_ = fnv1a(text, value_);
  }

  const Masker& masker_;
  std::uint64_t value_ = kFnvOffsetBasis;
};

void add_process(Hash& hash, const Policy& policy) {
  for (const int code : policy.success_exit_codes) hash.add(static_cast<std::uint64_t>(code));
  hash.add(policy.input.path);
  hash.add(static_cast<std::uint64_t>(policy.input.kind));
  hash.add(std::uint64_t{policy.tty} << 1 | std::uint64_t{policy.interactive});
  for (const ResourceLimit& limit : policy.resource_limits) {
    hash.add(static_cast<std::uint64_t>(limit.resource));
    hash.add(limit.value);
  }
  hash.add(policy.memory_bytes_max);
}

}  // namespace

bool is_named_by_number(const Task& task) {
  const std::string_view name =
      std::string_view(task.full_name).substr(task.full_name.rfind('/') + 1);
  return !task.is_group && !name.empty() && name.find_first_not_of("0123456789") == name.npos;
}

// The folder, variables and shell, which most tasks share.
std::uint64_t Fingerprints::of_surroundings(const Task& task) {
  const bool is_same = surroundings_ != 0 && env_ == task.env && shell_ == task.shell &&
                       masker_ == task.masker && dir_ == task.dir;
  if (is_same) return surroundings_;
  env_ = task.env;
  shell_ = task.shell;
  masker_ = task.masker;
  dir_ = task.dir;
  Hash hash(*masker_);
  std::string folder = (std::filesystem::path(folder_) / dir_).lexically_normal();
  if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  hash.add(folder);
  if (shell_) hash.add(*shell_);
  if (env_) {
    std::map<std::string_view, std::optional<std::string_view>> last;  // the one that counts
    for (const auto& [name, value] : *env_) last.insert_or_assign(name, value);
    for (const auto& [name, value] : last) {
      hash.add(name);
      hash.add(std::uint64_t{value.has_value()});
      hash.add(value.value_or(""));
    }
  }
  return surroundings_ = hash.value();
}

std::uint64_t Fingerprints::of(const Task& task) {
  if (task.known_fingerprint != 0) return task.known_fingerprint;
  Hash hash(*task.masker);
  const bool by_place = is_named_by_number(task);
  hash.add(by_place ? task.full_name.substr(0, task.full_name.rfind('/') + 1) : task.full_name);
  if (!task.is_group) {
    hash.add(of_surroundings(task));
    hash.add(task.run);
    for (const Run& run : task.policy->then) hash.add(run);
    add_process(hash, *task.policy);
  }
  return hash.value() == 0 ? 1 : hash.value();
}

}  // namespace errand
