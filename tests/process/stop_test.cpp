// SPDX-License-Identifier: Apache-2.0
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "errand/process/process_tree.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// Runs one process, and does something when it has written "ready".
struct StopTest : ProcessTest {
  StopTest() {
    kept.on_write = [this] {
      if (!kept.out.ends_with("ready\n")) return;
      auto call = std::exchange(on_ready, nullptr);
      if (call) call();
    };
  }
  ProcessEnd run_steps(std::vector<std::string> steps, Duration grace, int signal = SIGTERM) {
    StopRule rule{[signal](const Error&) { return signal; }, grace};
    return run(run_process(reaper(), context.first, force_stop.first, probe(std::move(steps)), rule,
                           kept));
  }
  // The numbers that the process wrote.
  std::vector<pid_t> pids() const {
    std::vector<pid_t> found;
    std::istringstream lines(kept.out);
    for (std::string line; std::getline(lines, line);) {
      if (const int pid = std::atoi(line.c_str())) found.push_back(pid);
    }
    return found;
  }
  void check_dead(std::size_t count) {
    CHECK(pids().size() == count);
    for (const pid_t pid : pids()) CHECK_FALSE(alive(pid));
  }

  std::pair<Context, CancelFn> context = with_cancel(background());
  std::pair<Context, CancelFn> force_stop = with_cancel(background());
  std::function<void()> on_ready = [this] { context.second(Error::text("enough")); };
  Kept kept;
};

constexpr Duration kEver = std::chrono::hours(1);
constexpr Duration kShort = 50ms;

TEST_CASE("a process is stopped with the polite signal, and the wait ends with it") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"out", "ready", "pause"}, kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  CHECK(end.stopped);
  CHECK(end.error.message() == "");
  CHECK(end.notices.empty());
}

TEST_CASE("who finds no room waits for the end of a service once that has been told to stop") {
  StopTest test;
  std::optional<bool> service_lived;
  bool service_stops = false;
  const auto other = [&]() -> awaitable<void> {
    while (!service_stops) co_await test.background().sleep(1ms);
    SpawnRetry tries(test.reaper().spawn_queue());
    CHECK(co_await tries.wait_to_retry(test.background(), EMFILE, SpawnRetry::FailedAt::start));
    tries.finish();
    service_lived = alive(test.pids().front());
  };
  test.on_ready = [&] {
    test.context.second(Error::text("enough"));
    asio::co_spawn(test.runtime().executor(), other(), asio::detached);
  };
  Command service = test.probe({"pid", "ignore", "15", "out", "ready", "pause"});
  service.ends_by_itself = false;
  const auto polite_signal = [&](const Error&) {
    service_stops = true;
    return SIGTERM;
  };
  const StopRule rule{polite_signal, 10 * SpawnQueue::kFirstDelay};
  test.run(run_process(test.reaper(), test.context.first, test.force_stop.first, service, rule,
                       test.kept));
  const auto told = [&]() -> awaitable<Error> {
    while (!service_lived) co_await test.background().sleep(1ms);
    co_return Error();
  };
  CHECK_FALSE(test.run(told()));
  CHECK(service_lived == false);
}

TEST_CASE("the polite signal comes once, and what is written after it is kept") {
  StopTest test;
  const ProcessEnd end = test.run_steps(
      {"block", "2", "count", "2", "out", "ready", "await-signal", "exit", "3"}, kEver, SIGINT);
  CHECK(end.status == ExitStatus::exited(3));
  CHECK(test.kept.out == "ready\ncaught 1\n");
}

TEST_CASE("a process that ignores the polite signal is killed after the grace") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"ignore", "15", "out", "ready", "pause"}, kShort);
  CHECK(end.status == ExitStatus::signaled(SIGKILL));
  CHECK(end.stopped);
}

TEST_CASE("without a grace there is no waiting") {
  StopTest test;
  CHECK(test.run_steps({"ignore", "15", "out", "ready", "pause"}, 0s).status ==
        ExitStatus::signaled(SIGKILL));
}

TEST_CASE("force_stop skips the grace, also when it came first") {
  {
    StopTest test;
    test.on_ready = [&] {
      test.context.second(Error::text("enough"));
      test.force_stop.second(Error::text("now"));
    };
    CHECK(test.run_steps({"ignore", "15", "out", "ready", "pause"}, kEver).status ==
          ExitStatus::signaled(SIGKILL));
  }
  StopTest test;
  test.force_stop.second(Error::text("now"));
  CHECK(test.run_steps({"ignore", "15", "out", "ready", "pause"}, kEver).status ==
        ExitStatus::signaled(SIGKILL));
}

TEST_CASE("a stopped group of processes dies of the polite signal too") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"pid", "fork", "pid", "stop-self", "pause", "--end",
                                         "await-stop", "out", "ready", "stop-self"},
                                        kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  test.check_dead(2);
}

TEST_CASE("grandchildren in the group get the polite signal") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"pid", "fork", "pid", "fork", "pid", "out", "ready",
                                         "pause", "--end", "pause", "--end", "pause"},
                                        kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  test.check_dead(3);
}

TEST_CASE("when only the leader goes politely, the rest of the group is killed after the grace") {
  StopTest test;
  const ProcessEnd end = test.run_steps(
      {"pid", "fork", "ignore", "15", "pid", "out", "ready", "pause", "--end", "pause"}, kShort);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  test.check_dead(2);
}

TEST_CASE("the rest of the group has its grace to clean up") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"fork", "block", "15", "count", "15", "out", "ready",
                                         "await-signal", "out", "clean", "--end", "pause"},
                                        kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  CHECK(test.kept.out == "ready\ncaught 1\nclean\n");
}

TEST_CASE("a descendant with a session of its own is killed at the stop") {
  StopTest test;
  const ProcessEnd end = test.run_steps(
      {"pid", "setsid-fork", "ignore", "15", "pid", "out", "ready", "pause", "--end", "pause"},
      kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  test.check_dead(2);
}

TEST_CASE("descendants of a descendant that left the group are killed at the stop") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"pid", "setsid-fork", "pid", "setsid-fork", "pid", "out",
                                         "ready", "pause", "--end", "pause", "--end", "pause"},
                                        kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  test.check_dead(3);
}

TEST_CASE("a daemon that holds the output does not hang a stop, and dies") {
  StopTest test;
  const ProcessEnd end =
      test.run_steps({"pid", "daemon", "pid", "out", "ready", "pause", "--end", "pause"}, kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  CHECK(end.notices.empty());
  test.check_dead(2);
}

TEST_CASE("a daemon that let go of everything is killed with the strays, and told") {
  StopTest test;
  const ProcessEnd end = test.run_steps({"pid", "daemon", "pid", "out", "ready", "close", "1",
                                         "close", "2", "pause", "--end", "pause"},
                                        kEver);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  const std::vector<std::string> killed = test.run(test.reaper().kill_strays());
  REQUIRE(killed.size() == 1);
  CHECK(killed[0].ends_with(" (pid " + std::to_string(test.pids().at(1)) + ")"));
  test.check_dead(2);
}

TEST_CASE("strays and all their descendants are killed") {
  StopTest test;
  test.on_ready = nullptr;
  const ProcessEnd end =
      test.run_steps({"daemon", "close", "1", "close", "2", "setsid-fork", "fork", "pause", "--end",
                      "pause", "--end", "pause", "--end", "exit", "0"},
                     kEver);
  CHECK(end.status == ExitStatus::exited(0));
  const std::vector<std::string> killed = test.run(test.reaper().kill_strays());
  CHECK(killed.size() >= 1);
  CHECK_FALSE(has_children());
}

TEST_CASE("nothing is started in a context that is done") {
  StopTest test;
  test.context.second(Error::text("enough"));
  const ProcessEnd end = test.run_steps({"out", "no"}, kEver);
  CHECK_FALSE(end.status);
  CHECK_FALSE(end.stopped);
  CHECK(end.error.is(Canceled));
  CHECK(test.kept.out == "");
}

// Hazard: the child makes its group itself, and may not have done so yet.
TEST_CASE("a process can be stopped at the instant of its start") {
  ProcessTest test;
  for (int i = 0; i < 100; ++i) {
    const auto [context, cancel] = with_cancel(test.background());
    Kept kept;
    StopRule rule{nullptr, kEver};
    auto both = [](ProcessTest& t, Context c, CancelFn stop, StopRule r,
                   Kept& k) -> awaitable<ProcessEnd> {
      asio::post(t.runtime().executor(), [stop] { stop(); });
      Command command = t.probe({"pause"});
      co_return co_await run_process(t.reaper(), c, t.background(), command, r, k);
    };
    const ProcessEnd end = test.run(both(test, context, cancel, rule, kept));
    CHECK(end.status == ExitStatus::signaled(SIGTERM));
  }
}

TEST_CASE("a stop that comes when it has ended already changes nothing") {
  StopTest test;
  test.on_ready = nullptr;
  const ProcessEnd end = test.run_steps({"exit", "4"}, kEver);
  test.context.second(Error::text("late"));
  CHECK(end.status == ExitStatus::exited(4));
  CHECK_FALSE(end.stopped);
}

}  // namespace
}  // namespace errand::test
