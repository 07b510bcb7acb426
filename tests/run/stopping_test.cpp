// SPDX-License-Identifier: Apache-2.0
#include "errand/run/stopping.h"

#include "support/fake_executor.h"

namespace errand::test {
namespace {

struct StoppingTest : RunTest {
  std::vector<std::string> told;
  StoppingNotices notices{executor, runtime, [this](std::string text) {
                            told.push_back(format_duration(elapsed()) + " " + text);
                          }};
  // Runs a plan that is canceled after 10 s.
  void run_canceled(const std::string& yaml) {
    const Plan checked = plan(yaml);
    auto [context, cancel] = with_cancel(background());
    Timer canceling(runtime, [&end = cancel] { end(); });
    canceling.set_after(10s);
    RunOptions options;
    options.processors = processors;
    Runner runner(notices, output, recorder, options);
    run(runner.run(context, background(), checked));
  }
  using Told = std::vector<std::string>;
};

TEST_CASE("a second after the cancel the tasks that are waited for are named") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 1h, .stops_in = 3s};
  test.executor.behaviors["b"] = {.takes = 1h, .stops_in = 2s};
  test.executor.behaviors["quick"] = {.takes = 1h, .stops_in = 500ms};
  test.run_canceled("tasks: { a: x, b: x, quick: x, ended: x }");
  CHECK(test.told == StoppingTest::Told{"11s waiting for a, b (4s to SIGKILL)"});
}

TEST_CASE("nothing is said when all end at once") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 1h, .stops_in = 900ms};
  test.run_canceled("tasks: { a: x }");
  CHECK(test.told.empty());
}

TEST_CASE("nothing is said of tasks that end by themselves") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 9s};
  test.run_canceled("tasks: { a: x }");
  CHECK(test.told.empty());
}

TEST_CASE("the longest grace counts") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 1h, .ignores_stop = true};
  test.executor.behaviors["b"] = {.takes = 1h, .ignores_stop = true};
  test.run_canceled("tasks: { a: { run: x, grace: 2s }, b: { run: x, grace: 1m } }");
  CHECK(test.told == StoppingTest::Told{"11s waiting for a, b (59s to SIGKILL)"});
}

TEST_CASE("a grace without end is not counted down from a negative time") {
  StoppingTest test;
  test.runtime.advance(-1h);
  Task task;
  task.full_name = "a";
  task.grace = Duration::max();
  test.executor.behaviors["a"] = {.takes = 1h, .stops_in = 2s};
  const auto main = [&](Context context) -> awaitable<void> {
    const Context limited = with_timeout(context, 1s).first;
    const Attempt attempt{&task, 1, 0, ""};
    const auto sink = test.output.open(task, 1);
    co_await test.notices.run(limited, context, attempt, *sink, Capture::separate);
  };
  test.run(main(test.background()));
  CHECK(test.told.size() == 1);
  CHECK(test.told.at(0).ends_with("waiting for a (2562047h47m17s to SIGKILL)"));
}

TEST_CASE("who is still there after SIGKILL is told once more") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 1h, .stops_in = 1h};
  test.run_canceled("tasks: { a: x }");
  CHECK(test.told == StoppingTest::Told{"11s waiting for a (4s to SIGKILL)",
                                        "16s waiting for a (SIGKILL has been sent)"});
}

TEST_CASE("those that a failure stops are named too") {
  StoppingTest test;
  test.executor.behaviors["a"] = {.takes = 1h, .stops_in = 2s};
  test.executor.behaviors["fails"] = {.takes = 2s, .exit_code = 1};
  test.run_canceled("tasks: { a: x, fails: x }");
  CHECK(test.told == StoppingTest::Told{"3s waiting for a (4s to SIGKILL)"});
}

TEST_CASE("of many tasks the first are named") {
  StoppingTest test;
  std::string yaml = "tasks: {";
  for (int i = 0; i < 10; ++i) {
    const std::string name = "t" + std::to_string(i);
    test.executor.behaviors[name] = {.takes = 1h, .stops_in = 2s};
    yaml += " " + name + ": x,";
  }
  test.run_canceled(yaml + " }");
  CHECK(test.told ==
        StoppingTest::Told{
            "11s waiting for t0, t1, t2, t3, t4, t5, t6, t7 and 2 more (4s to SIGKILL)"});
}

}  // namespace
}  // namespace errand::test
