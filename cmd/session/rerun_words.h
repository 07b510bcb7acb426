// SPDX-License-Identifier: Apache-2.0
//
// What is needed to run tasks of a run again.
#pragma once

#include <string>
#include <string_view>

#include "cmd/cli/invocation.h"
#include "cmd/input/input.h"
#include "errand/base/masker.h"
#include "errand/events/events.h"

namespace errand::cmd {

// Where the tasks of `input` are, with the options and the words that `command` was given, except
// those that show a secret of `masker`.
Origin rerun_origin(const RunCommand& command, const Input& input, const Masker& masker);

// The command that runs a task of `errand exec` again, for a reader in `folder`: "errand exec", the
// options, and the task's command with its argument filled in. Empty if the command is longer than
// kRerunBytesMax, or depends on the job slot.
std::string exec_rerun_command(const Origin& origin, const Task& task, std::string_view folder);

// Longer commands are not shown.
inline constexpr std::size_t kRerunBytesMax = 1000;

}  // namespace errand::cmd
