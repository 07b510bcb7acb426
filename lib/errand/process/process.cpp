// SPDX-License-Identifier: Apache-2.0
#include "errand/process/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "errand/process/live_process.h"
#include "errand/process/program.h"

namespace errand {
namespace {

using detail::LiveProcess;

// A program file that somebody has open for writing, mostly a child between fork and exec elsewhere
// that is about to close it.
constexpr int kBusyRetriesMax = 6;
constexpr Duration kBusyDelay = std::chrono::milliseconds(2);

// What execvp does with a file that the kernel does not know; but not for a binary, where a shell
// would complain about its bytes.
bool shell_can_read(const std::string& path, const std::string& dir) {
  const bool relative = !path.starts_with('/') && !dir.empty();
  const std::string full = relative ? dir + "/" + path : path;
  const UniqueFd fd(::open(full.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  char head[128];
  const ssize_t size = ::read(fd.get(), head, sizeof head);
  return size >= 0 && std::string_view(head, static_cast<std::size_t>(size)).find('\0') ==
                          std::string_view::npos;
}

struct Program {
  std::string path;               // for execve
  std::vector<std::string> argv;  // empty: the command's
};

// Decides what to do about a failed execve: nothing, or to try again with `program` changed.
class ExecRetry {
 public:
  bool should_retry(const Command& command, int number, Program& program) {
    switch (number) {
      case ENOEXEC:
        return command.scripts_by_shell && !as_script_ &&
               (as_script_ = use_shell(command, program));
      case ETXTBSY:
        return ++busy_ <= kBusyRetriesMax;
      default:
        return false;
    }
  }
  Duration delay() const { return busy_ == 0 ? Duration() : kBusyDelay * (1 << busy_); }

 private:
  static bool use_shell(const Command& command, Program& program) {
    if (!shell_can_read(program.path, command.dir)) return false;
    program.argv = command.argv;
    program.argv.front() = program.path;
    program.argv.insert(program.argv.begin(), "/bin/sh");
    program.path = "/bin/sh";
    return true;
  }

  bool as_script_ = false;
  int busy_ = 0;
};

// As in the names of setrlimit(2).
std::string limit_name(int resource) {
  constexpr std::array<std::string_view, 16> names = {
      "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
      "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
  static_assert(RLIMIT_CPU == 0 && RLIMIT_DATA == 2 && RLIMIT_NOFILE == 7 && RLIMIT_RTTIME == 15);
  const auto index = static_cast<std::size_t>(resource);
  return index < names.size() ? std::string(names[index]) : std::to_string(resource);
}

Error failure_of(const SpawnFailure& failure, const Command& command) {
  if (SpawnQueue::is_resource_exhaustion(failure.number)) {
    return Error::system("exec '" + command.argv.front() + "'", failure.number);
  }
  switch (failure.step) {
    case SpawnFailure::Step::none:
      return {};
    case SpawnFailure::Step::chdir:
      return chdir_failure(command.dir, failure.number);
    case SpawnFailure::Step::exec:
      return exec_failure(command.argv.front(), failure.number);
    case SpawnFailure::Step::terminal:
      return Error::system("take its terminal", failure.number);
    case SpawnFailure::Step::foreground:
      return Error::system("take the terminal's foreground", failure.number);
    case SpawnFailure::Step::nice:
      return Error::system("set nice", failure.number);
    case SpawnFailure::Step::limit:
      return Error::system("set rlimit " + limit_name(failure.resource), failure.number);
    case SpawnFailure::Step::setup:
      break;
  }
  return Error::system("start '" + command.argv.front() + "'", failure.number);
}

// Of one run_process().
struct Tries {
  explicit Tries(SpawnQueue& queue) : spawn_retry(queue) {}
  Program program;
  ExecRetry exec;
  SpawnRetry spawn_retry;
  SpawnFailure failure;  // of the last one
};

// One child from start to end.
// lint: outlives: all of it is run_process's, which awaits this.
awaitable<void> try_once(Reaper& reaper, const Context& context, const Context& force_stop,
                         const Command& command, const StopRule& rule, OutputReceiver& receiver,
                         Tries& tries, ProcessEnd& end) {
  const Program& program = tries.program;
  const std::vector<std::string>& argv = program.argv.empty() ? command.argv : program.argv;
  tries.failure = {};
  LiveProcess process(reaper, context, force_stop, rule, receiver, end);
  if (Error error = process.start(program.path, argv, command)) {
    end = {};
    end.error = std::move(error);
    co_return;
  }
  tries.spawn_retry.finish();
  co_await process.wait();
  tries.failure = process.failure();
}

// After a try in which no program ran: says so in `end`, and waits where that may help. True:
// another try is worth it. A coroutine of its own: what few need would cost each process memory.
// lint: outlives: as above.
awaitable<bool> may_try_again(const Context& context, const Command& command, Tries& tries,
                              ProcessEnd& end) {
  const SpawnFailure& failure = tries.failure;
  if (failure.step != SpawnFailure::Step::none) {
    end.status.reset();
    end.error = failure_of(failure, command);
  }
  const int number = end.error.system_number();
  if (SpawnQueue::is_resource_exhaustion(number)) {
    using FailedAt = SpawnRetry::FailedAt;
    const bool started = failure.step != SpawnFailure::Step::none;
    co_return co_await tries.spawn_retry.wait_to_retry(context, number,
                                                       started ? FailedAt::exec : FailedAt::start);
  }
  if (failure.step != SpawnFailure::Step::exec) co_return false;
  if (!tries.exec.should_retry(command, failure.number, tries.program)) co_return false;
  if (tries.exec.delay() > Duration()) co_await context.sleep(tries.exec.delay());
  co_return true;
}

}  // namespace

// lint: outlives: see the declaration.
awaitable<ProcessEnd> run_process(Reaper& reaper, Context context, Context force_stop,
                                  const Command& command, const StopRule& rule,
                                  OutputReceiver& receiver) {
  ProcessEnd end;
  Tries tries(reaper.spawn_queue());
  Result<std::string> path =
      find_program(command.argv.front(), search_path(*command.env), command.dir);
  if (!path) {
    end.error = path.error();
    co_return end;
  }
  tries.program.path = std::move(*path);
  for (;;) {
    if (reaper.suspended()) co_await reaper.may_start(context);
    if (context.done()) {
      end.error = context.done_error();
      break;
    }
    co_await try_once(reaper, context, force_stop, command, rule, receiver, tries, end);
    if (end.status && tries.failure.step == SpawnFailure::Step::none) break;
    const bool again = co_await may_try_again(context, command, tries, end);
    if (!again) break;
    end = {};
  }
  tries.spawn_retry.finish();
  if (std::string notice = tries.spawn_retry.take_notice(); !notice.empty()) {
    end.notices.push_back(std::move(notice));
  }
  co_return end;
}

}  // namespace errand
