// SPDX-License-Identifier: Apache-2.0
//
// The tasks of `errand exec`: commands, or one command for each argument.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/input/exec_words.h"
#include "cmd/input/records.h"
#include "errand/base/result.h"
#include "errand/io/unique_fd.h"
#include "errand/plan/edit/remaining_tasks.h"
#include "errand/plan/plan.h"
#include "errand/run/runner.h"
#include "errand/shell/command_template.h"

namespace errand::cmd {

// Makes tasks of items, all alike but for what they run.
class ExecTasks {
 public:
  // `model` has what all tasks share. A task gets up to `values_max` items if there is a template,
  // otherwise one, which is its script.
  ExecTasks(std::optional<CommandTemplate> form, std::size_t values_max, Task model)
      : form_(std::move(form)), values_max_(values_max), model_(std::move(model)) {}
  bool items_are_commands() const { return !form_; }
  std::size_t values_max() const { return values_max_; }
  // `values` are 1 to values_max() items; `place` says where the first of them is, for the error of
  // a task that lacks one.
  Task make(std::vector<std::string> values, const std::string& place);
  Plan plan(Task group, const std::vector<std::string>& items);

 private:
  std::optional<CommandTemplate> form_;
  std::size_t values_max_;
  Task model_;
  TaskId made_ = 0;
};

// Tasks that are still to come, and where from.
struct ExecStream {
  ExecTasks tasks;
  UniqueFd file;
  ItemSource source;
  std::optional<RemainingTasks> remaining = {};  // of a run that is resumed
};

// Tasks for the items of a file or of standard input, as they arrive.
class ExecSource final : public TaskSource {
 public:
  using Note = std::function<void(const std::string& text)>;
  // `note` is called with what the user should know, without "note: ".
  ExecSource(Runtime& runtime, ExecStream stream, Note note);
  awaitable<Result<std::optional<Task>>> next(Context context) override;
  Error empty_error() const override;

 private:
  // lint: outlives: the caller waits for it, and owns the values.
  awaitable<Error> read_values(Context context, std::vector<std::string>& values);
  Error add_item(std::string item, std::vector<std::string>& values);
  void note_end();
  std::string place() const;

  ExecTasks tasks_;
  ItemSource source_;
  Note note_;
  Records records_;
  Timer waiting_;  // for the first item of an input that was not named
  std::size_t items_ = 0;
  std::string first_item_;
  bool noted_carriage_return_ = false, noted_end_ = false;
};

// The command that a task of exec runs, for a shell.
std::string command_line(const Task& task);
// Those of all tasks that run, a line each, with control characters escaped.
std::string command_lines(const Plan& plan);

}  // namespace errand::cmd
