// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "errand/plan/document.h"
#include "errand/plan/problem_list.h"

namespace errand::task_file {

// The keys of a task file, whatever the spelling. `unavailable` stands for those that the format
// has and this version cannot do yet.
enum class Key : std::uint8_t {
  version,
  name,
  description,
  tasks,
  run,
  shell,
  dir,
  env,
  mode,
  jobs,
  timeout,
  grace,
  kill_signal,
  needs,
  cmds,  // unavailable too, but it stands in for run
  unavailable,
};
inline constexpr std::size_t kKeyCount = static_cast<std::size_t>(Key::unavailable) + 1;

// Where a map stands: at the top of the file, a task that has tasks, a task that has none.
enum class Level : std::uint8_t { run = 1, group = 2, task = 4 };

// The entries of one map of the run or of a task, by meaning; the first one of each.
class KeySet {
 public:
  Entry operator[](Key key) const { return entries_[static_cast<std::size_t>(key)]; }
  void set(Key key, Entry entry) { entries_[static_cast<std::size_t>(key)] = entry; }
  // Was there a key that nobody knows? It may have been meant for one that is missed.
  bool has_unknown() const { return has_unknown_; }
  void set_unknown() { has_unknown_ = true; }

 private:
  bool has_unknown_ = false;
  std::array<Entry, kKeyCount> entries_{};
};

// Sorts the entries of `map`. Keys that are unknown, not available yet, wrongly spelled or given
// twice under two names become problems.
KeySet read_keys(const Node& map, ProblemList& problems);

// A problem for each key that does not belong at `level`.
void check_level(const KeySet& keys, Level level, ProblemList& problems);

}  // namespace errand::task_file
