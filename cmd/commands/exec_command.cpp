// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <memory>

#include "cmd/commands/commands.h"
#include "cmd/input/exec_tasks.h"
#include "cmd/input/stream_source.h"
#include "cmd/print.h"
#include "cmd/resume/resume.h"
#include "errand/base/escape_text.h"

namespace errand::cmd {
namespace {

Stdin stdin_kind() {
  struct stat status{};
  if (::fstat(STDIN_FILENO, &status) != 0) return Stdin::nothing;
  if (::isatty(STDIN_FILENO) == 1) return Stdin::terminal;
  const bool is_data =
      S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode);
  return is_data ? Stdin::data : Stdin::nothing;
}

// What all tasks of the command have in common, before options are applied.
Task model_with(const std::vector<std::string>& shell) {
  Task model;
  model.shell = std::make_shared<const std::vector<std::string>>(shell);
  model.env = std::make_shared<const std::vector<EnvEntry>>();
  return model;
}

// lint: outlives: the caller runs the loop until it has ended.
awaitable<void> print_all(Runtime& runtime, TaskSource& source, int& exit_status) {
  const Context context = Context::background(runtime);
  for (;;) {
    const Result<std::optional<Task>> task = co_await source.next(context);
    if (!task) {
      print_errors({"errand: " + task.error().message()});
      exit_status = kErrandFailed;
    }
    if (!task || !*task || exit_status != 0) co_return;
    if ((*task)->earlier_result) continue;
    exit_status = print(escape_text(command_line(**task)) + "\n");
  }
}

// As they arrive.
int print_stream(const RunCommand& command, ExecStream stream) {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  auto all = std::make_unique<ExecSource>(runtime, std::move(stream.file), std::move(stream.tasks),
                                          stream.nul);
  const std::unique_ptr<TaskSource> source =
      filtered_source(std::move(all), command.input, std::move(stream.remaining));
  int exit_status = 0;
  asio::co_spawn(loop, print_all(runtime, *source, exit_status), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  loop.run();
  return exit_status;
}

int fail(const std::string& what) {
  print_errors({"errand: " + what, "Try 'errand exec --help'."});
  return kErrandFailed;
}

int exec_stream(RunCommand command, ExecTasks tasks, bool nul, ScopedGuardian guardian) {
  ExecStream stream{std::move(tasks), UniqueFd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), nul};
  if (!stream.file) return fail("standard input cannot be read");
  if (command.dry_run) {
    Input input = std::move(stream);
    const Result<Resumed> resumed = resume(command, input);
    if (!resumed) return fail(resumed.error().message());
    return print_stream(command, std::get<ExecStream>(std::move(input)));
  }
  return perform(std::move(command), std::move(stream), std::move(guardian));
}

}  // namespace

int exec(ExecCommand command) {
  RunCommand& run = command.run;
  ScopedGuardian guardian = run.dry_run ? nullptr : start_guardian(run);
  if (Error error = enter_folder(run.input)) return fail(error.message());
  run.overrides.env = run.input.env;
  const std::vector<std::string> shell = run.shell.empty() ? kDefaultShell : run.shell;
  const Stdin input = stdin_kind();
  Result<ExecWork> work = read_words(std::move(command.words), command.nul, input, shell);
  if (!work) return fail(work.error().message());
  Task model = model_with(shell);
  if (work->from_stdin) {
    apply(run.overrides, model);
    if (input == Stdin::terminal)
      print_errors({"errand: note: reading from the terminal, one argument a line"});
    ExecTasks tasks(std::move(work->form), std::move(model));
    return exec_stream(std::move(run), std::move(tasks), command.nul, std::move(guardian));
  }
  ExecTasks tasks(std::move(work->form), std::move(model));
  Result<Plan> plan = select(tasks.plan(make_run_group("exec", {}), work->items),
                             {{}, run.input.only, run.input.skip});
  if (!plan) return fail(plan.error().message());
  return perform(std::move(run), FilePlan{"", std::move(*plan)}, std::move(guardian));
}

}  // namespace errand::cmd
