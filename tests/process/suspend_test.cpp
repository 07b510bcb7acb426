// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "errand/process/process_tree.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

TEST_CASE("with nothing running a suspension begins at once") {
  ProcessTest test;
  bool stopped = false;
  test.reaper().suspend([&] { stopped = true; });
  CHECK(stopped);
  CHECK(test.reaper().suspended());
  test.reaper().resume();
  CHECK_FALSE(test.reaper().suspended());
}

TEST_CASE("nothing is started until the suspension has ended") {
  ProcessTest test;
  Kept kept;
  bool resumed = false;
  kept.on_write = [&] { CHECK(resumed); };
  test.reaper().suspend([] {});
  Timer timer(test.runtime(), [&] {
    resumed = true;
    test.reaper().resume();
  });
  timer.set_after(20ms);
  CHECK(test.run(test.probe({"out", "started"}), kept).status == ExitStatus::exited(0));
  CHECK(kept.out == "started\n");
}

TEST_CASE("what waits for the end of a suspension can be canceled") {
  ProcessTest test;
  Kept kept;
  auto [context, cancel] = with_cancel(test.background());
  test.reaper().suspend([] {});
  Timer timer(test.runtime(), [&end = cancel] { end(); });
  timer.set_after(1ms);
  const ProcessEnd end = test.run(run_process(test.reaper(), context, test.background(),
                                              test.probe({"out", "started"}), {}, kept));
  CHECK(end.error.is(Canceled));
  CHECK(kept.out.empty());
  test.reaper().resume();
}

// Runs `steps`, which write "ready", and suspends them then; resumes when they have stopped.
ProcessEnd suspend_once(ProcessTest& test, std::vector<std::string> steps, bool& stopped) {
  Kept kept;
  kept.on_write = [&] {
    test.reaper().suspend([&] {
      stopped = true;
      test.reaper().resume();
    });
  };
  return test.run(test.probe(std::move(steps)), kept);
}

TEST_CASE("processes are stopped and go on") {
  ProcessTest test;
  bool stopped = false;
  const ProcessEnd end =
      suspend_once(test,
                   {"count", std::to_string(SIGCONT), "block", std::to_string(SIGCONT), "out",
                    "ready", "await-signal", "exit", "7"},
                   stopped);
  CHECK(stopped);
  CHECK(end.status == ExitStatus::exited(7));
}

TEST_CASE("a process that ignores the polite stop is stopped with SIGSTOP") {
  ProcessTest test;
  bool stopped = false;
  const ProcessEnd end =
      suspend_once(test,
                   {"ignore", std::to_string(SIGTSTP), "count", std::to_string(SIGCONT), "block",
                    std::to_string(SIGCONT), "out", "ready", "await-signal", "exit", "7"},
                   stopped);
  CHECK(stopped);
  CHECK(end.status == ExitStatus::exited(7));
}

TEST_CASE("the time of a suspension has not passed") {
  ProcessTest test;
  const TimePoint before = test.runtime().now();
  const TimePoint real_before = Clock::now();
  bool stopped = false;
  suspend_once(test,
               {"ignore", std::to_string(SIGTSTP), "count", std::to_string(SIGCONT), "block",
                std::to_string(SIGCONT), "out", "ready", "await-signal"},
               stopped);
  // SIGSTOP came a second after the polite signal.
  CHECK((Clock::now() - real_before) - (test.runtime().now() - before) >= 1s);
}

}  // namespace
}  // namespace errand::test
