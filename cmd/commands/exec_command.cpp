// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cerrno>
#include <memory>

#include "cmd/commands/commands.h"
#include "cmd/input/exec_tasks.h"
#include "cmd/input/stream_source.h"
#include "cmd/print.h"
#include "cmd/resume/resume.h"
#include "errand/base/escape_text.h"
#include "errand/run/nothing_ran.h"

namespace errand::cmd {
namespace {

Stdin stdin_kind() {
  struct stat status{};
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  // prepare_process() puts something that cannot be read in the place of a closed one.
  const bool is_closed = flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY;
  if (is_closed || ::fstat(STDIN_FILENO, &status) != 0) return Stdin::closed;
  if (::isatty(STDIN_FILENO) == 1) return Stdin::terminal;
  const bool is_data =
      S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode);
  return is_data ? Stdin::data : Stdin::nothing;
}

// Returns what all tasks of the command share before options are applied.
Task model_with(const std::vector<std::string>& shell) {
  Task model;
  model.shell = std::make_shared<const std::vector<std::string>>(shell);
  model.env = std::make_shared<const std::vector<EnvEntry>>();
  return model;
}

void print_note(const RunCommand& command, const std::string& text) {
  if (!command.quiet) print_errors({"errand: note: " + text});
}

// lint: outlives: the caller runs the loop until it has ended.
awaitable<void> print_all(Runtime& runtime, TaskSource& source, Error& failure,
                          RunCoverage& coverage) {
  const Context context = Context::background(runtime);
  for (;;) {
    const Result<std::optional<Task>> task = co_await source.next(context);
    if (!task) failure = task.error();
    if (!task || !*task) break;
    ++coverage.given;
    if ((*task)->earlier_result) {
      ++coverage.excluded;
      continue;
    }
    ++coverage.started;
    if (print(escape_text(command_line(**task)) + "\n") == 0) continue;
    failure = Error::text("standard output cannot be written");
    break;
  }
  coverage.left_out = source.left_out();
  coverage.empty_error = source.empty_error();
}

int fail(const std::string& what) {
  print_errors({"errand: " + what, "Try 'errand exec --help'."});
  return kErrandFailed;
}

// As they arrive.
int print_stream(const RunCommand& command, ExecStream stream) {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  std::optional<RemainingTasks> remaining = std::move(stream.remaining);
  auto note = [&command](const std::string& text) { print_note(command, text); };
  auto all = std::make_unique<ExecSource>(runtime, std::move(stream), std::move(note));
  const std::unique_ptr<TaskSource> source =
      filtered_source(std::move(all), command.input, std::move(remaining));
  Error failure;
  RunCoverage coverage;
  asio::co_spawn(loop, print_all(runtime, *source, failure, coverage),
                 [](std::exception_ptr thrown) {
                   if (thrown) std::rethrow_exception(thrown);
                 });
  loop.run();
  const std::optional<NothingRan> nothing = judge_coverage(coverage);
  if (!failure && nothing) failure = nothing->error;
  if (failure) {
    print_errors({"errand: " + failure.message()});
    return kErrandFailed;
  }
  note_dry_run(command);
  return 0;
}

Result<UniqueFd> open_items(const ItemSource& source) {
  UniqueFd file(source.path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                   : ::open(source.path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (file && ::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
  } else if (file) {
    return file;
  }
  const std::string name = source.path == "-" ? "standard input" : "-a " + source.path;
  return std::unexpected(Error::system(name, errno));
}

int exec_stream(RunCommand command, ExecTasks tasks, ItemSource source, ScopedGuardian guardian) {
  Result<UniqueFd> file = open_items(source);
  if (!file) return fail(file.error().message());
  if (source.path == "-" && ::isatty(STDIN_FILENO) == 1)
    print_note(command, "reading from the terminal, one argument a line");
  ExecStream stream{std::move(tasks), std::move(*file), std::move(source)};
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
  Result<ExecWork> work = read_words(std::move(command.words), stdin_kind(), shell);
  if (!work) return fail(work.error().message());
  Task model = model_with(shell);
  if (work->source) {
    apply(run.overrides, model);
    ExecTasks tasks(std::move(work->form), work->values_max, std::move(model));
    return exec_stream(std::move(run), std::move(tasks), std::move(*work->source),
                       std::move(guardian));
  }
  ExecTasks tasks(std::move(work->form), work->values_max, std::move(model));
  Plan all = tasks.plan(make_run_group("exec", {}), work->items);
  const std::size_t count = all.tasks().size();
  Result<Plan> plan = select(std::move(all), {{}, run.input.only, run.input.skip});
  if (!plan) return fail(plan.error().message());
  FilePlan file{"", std::move(*plan)};
  file.left_out = count - file.plan.tasks().size();
  if (!work->has_arguments) file.scripts = std::move(work->items);
  return perform(std::move(run), std::move(file), std::move(guardian));
}

}  // namespace errand::cmd
