// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// The keys of a task file, whatever the spelling; `if_condition` is "if", `dedupe_key` is "key",
// `stdin_source` is "stdin".
enum class Key : std::uint8_t {
  version,
  name,
  description,
  tasks,
  run,
  cmds,
  shell,
  dir,
  env,
  env_file,
  secrets,
  vars,
  limits,
  defaults,
  mode,
  jobs,
  halt,
  rate,
  breaker,
  timeout,
  grace,
  kill_signal,
  deadline,
  slow_after,
  needs,
  if_condition,
  when,
  matrix,
  allow_failure,
  success_exit_codes,
  retry,
  hedge,
  locks,
  weight,
  dedupe_key,
  service,
  ready,
  stdin_source,
  tty,
  interactive,
  nice,
  rlimit,
  max_memory,
};
inline constexpr std::size_t kKeyCount = static_cast<std::size_t>(Key::max_memory) + 1;

// A set of keys.
class Keys {
 public:
  constexpr Keys() = default;
  constexpr Keys(std::initializer_list<Key> keys) {
    for (const Key key : keys) bits_ |= bit(key);
  }
  constexpr bool has(Key key) const { return (bits_ & bit(key)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Key first() const { return static_cast<Key>(std::countr_zero(bits_)); }
  constexpr Keys operator|(Keys other) const { return Keys(bits_ | other.bits_); }
  constexpr Keys operator&(Keys other) const { return Keys(bits_ & other.bits_); }
  constexpr Keys without(Keys other) const { return Keys(bits_ & ~other.bits_); }
  // One after the other: for (Keys left = keys; !left.empty(); left = left.rest()) … left.first()
  constexpr Keys rest() const { return Keys(bits_ & (bits_ - 1)); }

 private:
  constexpr explicit Keys(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(Key key) { return std::uint64_t{1} << static_cast<int>(key); }
  std::uint64_t bits_ = 0;
};
static_assert(kKeyCount <= 64);

// Where a map stands: at the top of the file, a task that has tasks, a task that has none, a task
// that a matrix makes a group of such.
enum class Level : std::uint8_t { run = 1, group = 2, task = 4, matrix = 8 };

// The entries of one map of the run or of a task, by meaning; the first one of each.
class KeySet {
 public:
  // An empty entry when the key is not there.
  Entry operator[](Key key) const { return entries_[static_cast<std::size_t>(key)]; }
  void set(Key key, Entry entry) {
    entries_[static_cast<std::size_t>(key)] = entry;
    present_ = present_ | Keys{key};
  }
  Keys present() const { return present_; }
  // Only those of `which`.
  KeySet only(Keys which) const;
  // Takes over from `other` those of `which` that are missing here.
  void fill(const KeySet& other, Keys which);
  // Was there a key that nobody knows? It may have been meant for one that is missed.
  bool has_unknown() const { return has_unknown_; }
  void set_unknown() { has_unknown_ = true; }

 private:
  Keys present_;
  bool has_unknown_ = false;
  std::array<Entry, kKeyCount> entries_{};
};

// Sorts the entries of `map`. Keys that are unknown, wrongly spelled or given twice under two names
// become problems.
KeySet read_keys(const Node& map, ProblemList& problems);

// All names of the keys that belong at `level`, in snake_case, sorted.
std::vector<std::string_view> names_at(Level level);
// All names of those of `keys`, as above.
std::vector<std::string_view> names_of(Keys keys);

// A problem for each key that does not belong at `level`.
void check_level(const KeySet& keys, Level level, ProblemList& problems);

// What "defaults" may hold.
inline constexpr Keys kDefaultKeys = {
    Key::shell,         Key::dir,        Key::env,         Key::env_file,
    Key::secrets,       Key::timeout,    Key::grace,       Key::kill_signal,
    Key::deadline,      Key::slow_after, Key::retry,       Key::hedge,
    Key::allow_failure, Key::locks,      Key::weight,      Key::success_exit_codes,
    Key::stdin_source,  Key::tty,        Key::interactive, Key::nice,
    Key::rlimit,        Key::max_memory};
// A problem for each key that it may not.
void check_defaults(const KeySet& keys, ProblemList& problems);

// A problem for each key that makes no sense in a task that stands alone.
void check_standalone(const KeySet& keys, ProblemList& problems);

}  // namespace errand::task_file
