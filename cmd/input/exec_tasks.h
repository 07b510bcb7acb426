// SPDX-License-Identifier: Apache-2.0
//
// The tasks of `errand exec`: commands, or one command for each argument.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli/invocation.h"
#include "cmd/input/records.h"
#include "errand/base/result.h"
#include "errand/io/unique_fd.h"
#include "errand/plan/edit/remaining_tasks.h"
#include "errand/plan/plan.h"
#include "errand/run/runner.h"
#include "errand/shell/command_template.h"

namespace errand::cmd {

// What standard input is.
enum class Stdin : std::uint8_t {
  data,  // a pipe, a socket or a file
  terminal,
  nothing,  // /dev/null and the like
};

// What the words of `errand exec` mean.
struct ExecWork {
  std::optional<CommandTemplate> form;  // none: each item is a command
  bool from_stdin = false;
  std::vector<std::string> items;  // arguments or commands, when not from standard input
};
// The error says what to write.
Result<ExecWork> read_words(std::vector<std::string> words, bool nul, Stdin input,
                            const std::vector<std::string>& shell);

// Makes tasks of items, all alike but for what they run.
class ExecTasks {
 public:
  // `model` has what all tasks share.
  ExecTasks(std::optional<CommandTemplate> form, Task model)
      : form_(std::move(form)), model_(std::move(model)) {}
  bool items_are_commands() const { return !form_; }
  Task make(const std::string& item);
  Plan plan(Task group, const std::vector<std::string>& items);

 private:
  std::optional<CommandTemplate> form_;
  Task model_;
  TaskId made_ = 0;
};

// Tasks for the items of standard input, as they arrive.
class ExecSource final : public TaskSource {
 public:
  ExecSource(Runtime& runtime, UniqueFd input, ExecTasks tasks, bool nul);
  awaitable<Result<std::optional<Task>>> next(Context context) override;

 private:
  Result<std::optional<Task>> read_item(const std::string& item);

  ExecTasks tasks_;
  Records records_;
};

// Tasks that are still to come, and where from.
struct ExecStream {
  ExecTasks tasks;
  UniqueFd file;
  bool nul = false;
  std::optional<RemainingTasks> remaining = {};  // of a run that is gone on with
};

// The command that a task of exec runs, for a shell.
std::string command_line(const Task& task);
// Those of all tasks that run, a line each, with control characters escaped.
std::string command_lines(const Plan& plan);

}  // namespace errand::cmd
