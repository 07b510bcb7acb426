// SPDX-License-Identifier: Apache-2.0
//
// How a task's end reads in one line, the same on the console and in the summary.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "errand/events/events.h"

namespace errand {

// "build: ok in 1.2s", "test: failed: exit 2 in 3.1s", "lint: canceled: build failed (exit 2)".
// Escaped; in colour the state is green, red or yellow.
std::string task_result_line(const TaskEnded& ended, bool color);

// The command of a task in one line of at most `columns`: a script's first line, or the words as a
// shell would need them; several are joined by "then". Masked and escaped. Empty for a group.
std::string command_text(const Task& task, std::size_t columns);

// The last `count` of some lines, without newlines at the end.
std::string_view last_lines(std::string_view lines, std::size_t count);

}  // namespace errand
