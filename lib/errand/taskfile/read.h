// SPDX-License-Identifier: Apache-2.0
//
// Readers of task files. Total: any bytes give a Plan or problems, in bounded time and memory.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

#include "errand/plan/plan.h"
#include "errand/taskfile/read_options.h"
#include "errand/taskfile/syntax/format.h"
#include "errand/taskfile/syntax/problem.h"

namespace errand {

// By the name's ending (.json; .yaml, .yml), else by the first byte that is not white space: `{`
// and `[` begin either.
Format detect_format(std::string_view file_name, std::string_view text);

// Does a file without a telling name hold one task a line (JSON Lines) rather than a plan? Its
// first line that is not blank must be a whole JSON value: a task as read_task_line() takes it.
// When nothing follows that line, a text is a task, and so is an object that has `run` (or cmd,
// command, cmds) and no `tasks`; a list is a plan then. `first_bytes` is what was read so far: a
// first line that does not end in it counts as unfinished, so give at least some 64 KiB, or all
// there is.
bool looks_like_json_lines(std::string_view first_bytes);

// Reads and checks a whole file. All problems are reported, not only the first.
std::expected<Plan, Problems> read_plan(std::string_view text, Format format,
                                        const ReadOptions& options);

// Reads the tasks of a JSON Lines stream: each line is a task object, a text (a script) or a list
// (an argv), standing for itself. Keys that need other tasks (needs, tasks) are refused. Blank
// lines are for the caller to skip. Keeps its memory and what all lines share from line to line.
class TaskLineReader {
 public:
  explicit TaskLineReader(const ReadOptions& options);
  TaskLineReader(TaskLineReader&&) noexcept;
  TaskLineReader& operator=(TaskLineReader&&) noexcept;
  ~TaskLineReader();

  // The task's name is empty when the line gives none; ids and parents are the caller's. `line` is
  // where the text stands, for positions.
  std::expected<Task, Problems> read(std::string_view line_text, std::uint32_t line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same for a single line.
std::expected<Task, Problems> read_task_line(std::string_view line_text, std::uint32_t line,
                                             const ReadOptions& options);

}  // namespace errand
