// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "errand/plan/plan.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/fields/structured_values.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// The keys that are read into Task itself, by read_settings(), and into its Policy: of a group by
// read_group_policy(), of any other task by read_task_policy().
inline constexpr Keys kSettingKeys = {Key::description, Key::shell, Key::dir,
                                      Key::timeout,     Key::grace, Key::kill_signal,
                                      Key::slow_after,  Key::mode,  Key::jobs};
inline constexpr Keys kGroupPolicyKeys = {Key::when, Key::halt, Key::rate, Key::breaker};
inline constexpr Keys kTaskPolicyKeys = {
    Key::when,         Key::cmds,       Key::allow_failure, Key::success_exit_codes,
    Key::retry,        Key::hedge,      Key::deadline,      Key::locks,
    Key::weight,       Key::dedupe_key, Key::service,       Key::ready,
    Key::stdin_source, Key::tty,        Key::interactive,   Key::nice,
    Key::rlimit,       Key::max_memory};

// Overwrites what `task` has for each key that is there. `dir` is what relative paths start from.
void read_settings(const KeySet& keys, std::string_view dir, Task& task, ProblemList& problems);

Policy read_group_policy(const KeySet& keys, ProblemList& problems);

// Without Policy::then, which belongs to what is run. `limits` are those of the file; null for a
// task that stands alone. Keys that contradict each other become problems.
Policy read_task_policy(const KeySet& keys, const Limits* limits, ProblemList& problems);

// The keys of "defaults" that do not suit the task: a service runs as long as it is needed, and a
// task that takes the terminal needs no other input.
Keys unsuitable_defaults(const KeySet& keys);
// What each task that has the value from defaults takes of the budget, so that long lists there
// are not read without end.
std::size_t cost_of_default(const Node& value);

}  // namespace errand::task_file
