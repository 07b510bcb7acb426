// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/settings.h"

#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

constexpr Range kNiceRange = {-20, 19};

// Reads the values of a set's keys, each into its place.
class SettingReader {
 public:
  SettingReader(const KeySet& keys, ProblemList& problems) : keys_(keys), problems_(problems) {}

  template <class ReadValue, class Assign>
  void read(Key key, ReadValue read_value, Assign assign) const {
    const Entry entry = keys_[key];
    if (!entry) return;
    if (auto value = read_value(entry, problems_)) assign(std::move(*value));
  }
  template <class ReadValue, class Target>
  void into(Key key, ReadValue read_value, Target& target) const {
    read(key, read_value, [&](auto value) { target = std::move(value); });
  }

 private:
  const KeySet& keys_;
  ProblemList& problems_;
};

std::optional<std::string> read_dedupe_key(const Entry& entry, ProblemList& problems) {
  const auto text = read_text(entry, problems);
  if (!text) return {};
  if (!text->empty()) return std::string(*text);
  problems.add(entry.value->offset, "the key is empty; tasks with equal keys run once");
  return {};
}

std::optional<int> read_nice(const Entry& entry, ProblemList& problems) {
  return read_number(entry, kNiceRange, problems);
}

void read_locks_into(Policy& policy, const KeySet& keys, const Limits* limits,
                     ProblemList& problems) {
  const Entry entry = keys[Key::locks];
  if (!entry) return;
  auto locks = read_locks(entry, problems);
  if (limits) {
    policy.locks = limits->resolve(std::move(locks), problems);
  } else {
    policy.lock_names = names_of(std::move(locks), problems);
  }
}

// What cannot stand together, each pair once, at the second key.
class KeyConflicts {
 public:
  KeyConflicts(const KeySet& keys, ProblemList& problems) : keys_(keys), problems_(problems) {}

  void check(Key first, Key second, std::string_view why) const {
    const Entry a = keys_[first], b = keys_[second];
    if (!a || !b) return;
    problems_.add(b.key->offset, [&] {
      return quote(a.key->text) + " and " + quote(b.key->text) +
             " cannot stand together: " + std::string(why);
    });
  }

 private:
  const KeySet& keys_;
  ProblemList& problems_;
};

void check_service(const KeySet& keys, const Policy& policy, ProblemList& problems) {
  const KeyConflicts conflicts(keys, problems);
  conflicts.check(Key::service, Key::hedge, "a service has one process");
  conflicts.check(Key::service, Key::dedupe_key, "a service has no outcome to share");
  // What needs it may need the same lock, and would wait for ever.
  conflicts.check(Key::service, Key::locks, "a service would keep them from those that need it");
  conflicts.check(Key::service, Key::weight, "a service takes no job slot");
  if (keys[Key::cmds] && keys[Key::cmds].value->kind == NodeKind::list) {
    const Node& list = *keys[Key::cmds].value;
    const bool several = list.size > 1 && (&list + 1)->next() != list.next();
    if (several)
      conflicts.check(Key::service, Key::cmds, "a service is one command; write \"run\"");
  }
  if (policy.when != When::on_success) {
    conflicts.check(Key::service, Key::when, "a service runs for those that need it");
  }
}

void check_conflicts(const KeySet& keys, const Policy& policy, ProblemList& problems) {
  if (policy.service) {
    check_service(keys, policy, problems);
  } else if (const Entry ready = keys[Key::ready]) {
    problems.add(ready.key->offset, [&] {
      return quote(ready.key->text) + " belongs to a service; add service: true";
    });
  }
  if (!policy.interactive) return;
  const KeyConflicts conflicts(keys, problems);
  constexpr std::string_view why = "an interactive task has the terminal for itself";
  conflicts.check(Key::interactive, Key::stdin_source, why);
  if (policy.tty) conflicts.check(Key::interactive, Key::tty, why);
  if (policy.service) conflicts.check(Key::interactive, Key::service, why);
  conflicts.check(Key::interactive, Key::hedge, why);
}

// Wrong values are told elsewhere.
bool is_on(const Entry& entry) {
  const std::string_view text = entry ? entry.value->text : "";
  return text == "true" || text == "True" || text == "TRUE";
}

}  // namespace

void read_settings(const KeySet& keys, std::string_view dir, Task& task, ProblemList& problems) {
  if ((keys.present() & kSettingKeys).empty()) return;
  const SettingReader settings(keys, problems);
  settings.into(Key::description, read_text, task.description);
  settings.read(Key::shell, read_argv, [&](Argv argv) {
    task.shell = std::make_shared<const std::vector<std::string>>(std::move(argv));
  });
  settings.read(Key::dir, read_dir, [&](std::string_view own) { task.dir = join_dir(dir, own); });
  settings.into(Key::timeout, read_timeout, task.timeout);
  settings.into(Key::grace, read_duration, task.grace);
  settings.into(Key::kill_signal, read_signal, task.kill_signal);
  settings.into(Key::slow_after, read_slow_after, task.slow_after);
  settings.into(Key::mode, read_mode, task.mode);
  settings.into(Key::jobs, read_jobs, task.jobs);
}

Policy read_group_policy(const KeySet& keys, ProblemList& problems) {
  Policy policy;
  const SettingReader settings(keys, problems);
  settings.into(Key::when, read_when, policy.when);
  settings.into(Key::halt, read_halt, policy.halt);
  settings.into(Key::rate, read_rate, policy.rate);
  settings.into(Key::breaker, read_breaker, policy.breaker);
  return policy;
}

Policy read_task_policy(const KeySet& keys, const Limits* limits, ProblemList& problems) {
  Policy policy;
  const SettingReader settings(keys, problems);
  settings.into(Key::when, read_when, policy.when);
  settings.into(Key::allow_failure, read_allow_failure, policy.allow_failure);
  settings.into(Key::success_exit_codes, read_exit_codes, policy.success_exit_codes);
  settings.into(Key::retry, read_retry, policy.retry);
  settings.into(Key::hedge, read_hedge, policy.hedge);
  settings.into(Key::deadline, read_timeout, policy.deadline);
  settings.into(Key::weight, read_count, policy.weight);
  settings.into(Key::dedupe_key, read_dedupe_key, policy.dedupe_key);
  settings.into(Key::service, read_flag, policy.service);
  settings.into(Key::ready, read_ready, policy.ready);
  settings.into(Key::stdin_source, read_input, policy.input);
  settings.into(Key::tty, read_flag, policy.tty);
  settings.into(Key::interactive, read_flag, policy.interactive);
  settings.into(Key::nice, read_nice, policy.nice);
  settings.into(Key::rlimit, read_resource_limits, policy.resource_limits);
  settings.into(Key::max_memory, read_size, policy.memory_bytes_max);
  read_locks_into(policy, keys, limits, problems);
  check_conflicts(keys, policy, problems);
  return policy;
}

Keys unsuitable_defaults(const KeySet& keys) {
  Keys unsuitable;
  if (is_on(keys[Key::service])) unsuitable = {Key::timeout, Key::deadline, Key::hedge};
  if (is_on(keys[Key::service]))
    unsuitable = unsuitable | Keys{Key::interactive, Key::locks, Key::weight};
  if (is_on(keys[Key::interactive])) {
    unsuitable = unsuitable | Keys{Key::stdin_source, Key::tty, Key::hedge};
  }
  return unsuitable;
}

std::size_t cost_of_default(const Node& value) {
  constexpr std::size_t few = 100, of_few = 8, of_many = 1024;  // nodes, and bytes for each
  std::size_t bytes = value.size * (value.size <= few ? of_few : of_many);
  for (const Node* node = &value; node != value.next(); ++node) bytes += node->text.size();
  return bytes;
}

}  // namespace errand::task_file
