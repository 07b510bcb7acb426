// SPDX-License-Identifier: Apache-2.0
//
// Readers of task files. Total: any bytes give a Plan or problems, in bounded time and memory.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"

namespace errand {

enum class Format { yaml, json };

// By the name's ending (.json; .yaml, .yml), else by the first byte that is not white space.
Format detect_format(std::string_view file_name, std::string_view text);

// What stands outside the file and counts in it. `-` flags that override keys (mode, jobs, timeout of
// the run) are applied by the runner; these fill what the file leaves open.
struct ReadOptions {
  std::string name;          // the run's name when the file has none: the file's stem
  std::string dir;           // what relative `dir` keys and tasks without one start from; "" = errand's folder
  std::vector<std::string> shell = {"sh", "-ec"};
  Duration grace = std::chrono::seconds(5);
};

using Problems = std::vector<Problem>;  // sorted by position; at most kProblemsMax and one that counts the rest

// Reads and checks a whole file. All problems are reported, not only the first.
std::expected<Plan, Problems> read_plan(std::string_view text, Format format, const ReadOptions& options);

// One task of a JSON Lines stream, as a Task of its own (id, parent and name are the caller's when the
// line gives none). `line` is where it stands. Keys that need other tasks (needs, tasks) are refused.
std::expected<Task, Problems> read_task_line(std::string_view line_text, std::uint32_t line, const ReadOptions& options);

}  // namespace errand
