// SPDX-License-Identifier: Apache-2.0
//
// From the command line to a checked plan, or to a stream of tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/cli/invocation.h"
#include "cmd/input/exec_tasks.h"
#include "errand/base/result.h"
#include "errand/io/unique_fd.h"
#include "errand/plan/edit/remaining_tasks.h"
#include "errand/taskfile/read.h"

namespace errand::cmd {

// How standard input is called in place of a file's path.
inline constexpr std::string_view kStdin = "<stdin>";

// JSON Lines that are still to come: what was read so far, and where the rest comes from.
struct TaskStream {
  std::string name;  // for messages: "<stdin>"
  std::string begin;
  UniqueFd file;
  ReadOptions options;
  std::optional<RemainingTasks> remaining = {};  // of a run that is gone on with
};

struct FilePlan {
  std::string file;  // as it was given or found; for messages and for the command that runs a task
                     // again; empty: tasks of the command line
  Plan plan;         // the wanted tasks
  std::vector<std::string> notes = {};  // of the file, ready to print
  std::size_t left_out = 0;             // tasks that --only and --skip have taken away
  // The words of exec that are a script each; empty: there is a file, or a source of arguments.
  std::vector<std::string> scripts = {};
};

using Input = std::variant<FilePlan, TaskStream, ExecStream>;

// What the run must not show: the one that its tasks have, or will have. Never null.
std::shared_ptr<const Masker> masker_of(const Input& input);

// What stopped it, one line for each problem, ready to print.
struct InputError {
  std::vector<std::string> lines;
};

// What is worth a look in what has been read so far and is no problem, ready to print.
std::vector<std::string> notes_of(const Input& input);

// Calls `visit(line, number)` for each line of the stream to its end, blocking.
Error for_each_line(const TaskStream& stream,
                    const std::function<void(std::string_view, std::uint32_t)>& visit);

// Changes into the folder of -C.
Error enter_folder(const InputOptions& options);

// Enters the folder, finds the file, reads and checks it, and selects the wanted tasks.
std::expected<Input, InputError> read_input(const InputOptions& options,
                                            const std::vector<std::string>& shell);

// The same for what a stream cannot be: `done` says it, as in "listed".
std::expected<FilePlan, InputError> read_whole_plan(const InputOptions& options,
                                                    std::string_view done);

}  // namespace errand::cmd
