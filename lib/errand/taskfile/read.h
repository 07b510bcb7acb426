// SPDX-License-Identifier: Apache-2.0
//
// Readers of task files. Total: any bytes give a Plan or problems, in bounded time and memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errand/plan/plan.h"

namespace errand {

// `either`: JSON, or YAML where it is none, as `{ tasks: { a: x } }`. What is neither is told of as
// JSON.
enum class Format { yaml, json, either };

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

// What stands outside the file and counts in it. Flags that override keys of the run (mode, jobs,
// timeout) are applied by select.h; these fill what the file leaves open, or go into its texts.
struct ReadOptions {
  std::string name;  // the run's name when the file has none: the file's stem
  std::string
      dir;  // what relative `dir` keys and tasks without one start from; "" = errand's folder
  std::vector<std::string> shell = {"sh", "-ec"};
  Duration grace = std::chrono::seconds(5);
  // A variable that errand itself was given; empty: there is none.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // The contents of a file, for env_file; empty: files cannot be read.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::vector<std::pair<std::string, std::string>> vars;  // over those of the file
  std::vector<EnvEntry> env;                              // inside everything the file says
};

inline constexpr std::size_t kProblemsMax = 100;
// Sorted by position; at most kProblemsMax and one without a position that counts the rest.
using Problems = std::vector<Problem>;

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
