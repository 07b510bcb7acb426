// SPDX-License-Identifier: Apache-2.0
#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {
Error sigint() { return Error::make(SignalReceived{2}); }
}  // namespace

TEST_CASE("tasks of a run start at the same time and the run succeeds when all do") {
  RunTest test;
  const RunEnded ended = test.run_plan("tasks: {a: x, b: x, c: x}");
  CHECK(ended.state == TaskState::succeeded);
  CHECK(ended.exit_status == 0);
  CHECK_FALSE(ended.error);
  CHECK(test.executor.running_max == 3);
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("a run without tasks succeeds") {
  RunTest test;
  CHECK([&] {
    std::vector<Task> tasks = test.plan("tasks: [x]").take_tasks();
    tasks.resize(1);
    tasks.front().children.clear();
    return test.run_plan(Plan(std::move(tasks)));
  }()
            .exit_status == 0);
}

TEST_CASE("the first failure of an errgroup stops running tasks and starts no waiting one") {
  RunTest test;
  test.executor.behaviors["bad"] = {.takes = 2s, .exit_code = 3};
  test.executor.behaviors["slow"] = {.takes = 100s, .stops_in = 1s};
  const RunEnded ended = test.run_plan("jobs: 2\ntasks: {bad: x, slow: x, never: x}");
  CHECK(ended.exit_status == 3);
  CHECK(ended.error.message() == "bad: exit 3");
  CHECK(test.recorder.state("bad") == "failed: exit 3");
  CHECK(test.recorder.ended.at("bad").first_failure);
  CHECK(test.recorder.state("slow") == "canceled: bad failed (exit 3)");
  CHECK(test.recorder.state("never") == "canceled: bad failed (exit 3)");
  CHECK(test.executor.started == std::vector<std::string>{"bad", "slow"});
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("a task that errand stopped is canceled even when it exits 0") {
  RunTest test;
  test.executor.behaviors["bad"] = {.exit_code = 1};
  test.executor.behaviors["tidy"] = {.takes = 9s, .stopped_exit_code = 0};
  test.run_plan("tasks: {bad: x, tidy: x}");
  CHECK(test.recorder.state("tidy") == "canceled: bad failed (exit 1)");
}

TEST_CASE("two tasks that fail by themselves in one instant are both failures") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.executor.behaviors["b"] = {.exit_code = 2};
  const RunEnded ended = test.run_plan("mode: aggregate\ntasks: {a: x, b: x}");
  CHECK(test.recorder.state("a") == "failed: exit 1");
  CHECK(test.recorder.state("b") == "failed: exit 2");
  CHECK(ended.error.message() == "2 of 2 tasks failed");
}

TEST_CASE("aggregate mode runs everything, reports every error and exits with 1") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 80};
  test.executor.behaviors["c"] = {.takes = 5s, .exit_code = 81};
  const RunEnded ended = test.run_plan("mode: aggregate\ntasks: {a: x, b: x, c: x}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("a") == "failed: exit 80");
  CHECK(test.recorder.state("c") == "failed: exit 81");
  CHECK(ended.error.message() == "2 of 3 tasks failed");
  CHECK(ended.by_tasks);
  CHECK(test.recorder.state("b") == "succeeded");
}

TEST_CASE("a task starts when all of its needs have succeeded") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 2s};
  test.executor.behaviors["b"] = {.takes = 3s};
  test.run_plan("tasks: {c: {run: x, needs: [a, b]}, a: x, b: x}");
  CHECK(test.recorder.lines == std::vector<std::string>{"0s start a", "0s start b",
                                                        "2s succeeded a", "3s succeeded b",
                                                        "3s start c", "4s succeeded c", "4s end"});
}

TEST_CASE("dependents of a failure are skipped and name it, in both modes") {
  for (const char* mode : {"errgroup", "aggregate"}) {
    RunTest test;
    test.executor.behaviors["a"] = {.exit_code = 1};
    const RunEnded ended =
        test.run_plan(std::string("mode: ") + mode +
                      "\ntasks: {a: x, b: {run: x, needs: a}, c: {run: x, needs: b}}");
    CHECK(test.recorder.state("b") == "skipped: needs a: failed");
    CHECK(test.recorder.state("c") == "skipped: needs b: skipped");
    CHECK(ended.exit_status == 1);
  }
}

TEST_CASE(
    "[P21] both dependents of a diamond are skipped when the shared need fails, which ran once") {
  RunTest test;
  test.executor.behaviors["base"] = {.exit_code = 4};
  test.run_plan(
      "mode: aggregate\ntasks: {base: x, l: {run: x, needs: base}, r: {run: x, needs: base}, top: "
      "{run: x, needs: [l, r]}}");
  CHECK(test.executor.started == std::vector<std::string>{"base"});
  CHECK(test.recorder.state("l") == "skipped: needs base: failed");
  CHECK(test.recorder.state("r") == "skipped: needs base: failed");
}

TEST_CASE("the exit status of an errgroup comes through three nested groups") {
  RunTest test;
  test.executor.behaviors["a/b/c/bad"] = {.exit_code = 80};
  const RunEnded ended = test.run_plan("tasks: {a: {tasks: {b: {tasks: {c: {tasks: {bad: x}}}}}}}");
  CHECK(ended.exit_status == 80);
  CHECK(ended.error.message() == "a/b/c/bad: exit 80");
}

TEST_CASE("a nested aggregate group runs all of its tasks and is one failure of its errgroup") {
  RunTest test;
  test.executor.behaviors["lint/a"] = {.exit_code = 2};
  test.executor.behaviors["lint/b"] = {.takes = 3s};
  test.executor.behaviors["build"] = {.takes = 60s};
  const RunEnded ended =
      test.run_plan("tasks: {lint: {mode: aggregate, tasks: {a: x, b: x}}, build: x}");
  CHECK(test.recorder.state("lint/b") == "succeeded");
  CHECK(test.recorder.state("lint") == "failed: 1 of 2 tasks failed");
  CHECK(test.recorder.state("build") == "canceled: lint failed (1 of 2 tasks failed)");
  CHECK(ended.exit_status == 1);
  CHECK(ended.error.message() == "lint: 1 of 2 tasks failed");
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("a nested errgroup that fails leaves its aggregate parent running") {
  RunTest test;
  test.executor.behaviors["g/bad"] = {.exit_code = 7};
  test.executor.behaviors["g/other"] = {.takes = 60s};
  test.executor.behaviors["build"] = {.takes = 5s};
  const RunEnded ended =
      test.run_plan("mode: aggregate\ntasks: {g: {tasks: {bad: x, other: x}}, build: x}");
  CHECK(test.recorder.state("g/other") == "canceled: g/bad failed (exit 7)");
  CHECK(test.recorder.state("g") == "failed: g/bad failed (exit 7)");
  CHECK(test.recorder.state("build") == "succeeded");
  CHECK(ended.exit_status == 1);
  CHECK(ended.error.message() == "g/bad: exit 7");
}

TEST_CASE("a failure in a nested errgroup stops the groups around it at once") {
  RunTest test;
  test.executor.behaviors["g/bad"] = {.takes = 1s, .exit_code = 7};
  test.executor.behaviors["g/stubborn"] = {.takes = 60s, .ignores_stop = true};
  test.executor.behaviors["build"] = {.takes = 60s};
  test.run_plan("tasks: {g: {tasks: {bad: x, stubborn: x}}, build: x}");
  CHECK(test.recorder.lines[3] == "1s failed g/bad: exit 7");
  CHECK(test.recorder.lines[4] == "1s canceled build: g/bad failed (exit 7)");
}

TEST_CASE("a group that never starts ends its tasks with its own fate, tasks first") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.run_plan("mode: aggregate\ntasks: {a: x, g: {needs: a, tasks: {x: y, h: {tasks: {z: y}}}}}");
  CHECK(test.recorder.lines == std::vector<std::string>{"0s start a", "1s failed a: exit 1",
                                                        "1s skipped g/x: needs a: failed",
                                                        "1s skipped g/h/z: needs a: failed",
                                                        "1s skipped g/h: needs a: failed",
                                                        "1s skipped g: needs a: failed", "1s end"});
}

TEST_CASE("a task may need one of another group, by its full name") {
  RunTest test;
  test.executor.behaviors["g/slow"] = {.takes = 5s};
  test.run_plan("tasks: {g: {tasks: {slow: x, other: x}}, late: {run: x, needs: g/slow}}");
  CHECK(test.recorder.lines.end()[-2] == "6s succeeded late");
}

TEST_CASE("a task skipped before its group starts keeps the group from succeeding") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.executor.behaviors["wait"] = {.takes = 5s};
  test.run_plan(
      "mode: aggregate\ntasks: {a: x, wait: x, g: {needs: wait, tasks: {x: {run: y, needs: a}, z: "
      "y}}}");
  CHECK(test.recorder.state("g/x") == "skipped: needs a: failed");
  CHECK(test.recorder.state("g/z") == "succeeded");
  CHECK(test.recorder.state("g") == "skipped: needs a: failed");
}

TEST_CASE("never more tasks run than jobs, and they start in file order") {
  RunTest test;
  const RunEnded ended = test.run_plan("jobs: 2\ntasks: {a: x, b: x, c: x, d: x, e: x}");
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.running_max == 2);
  CHECK(test.executor.started == std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("jobs of a nested group count within those of its parent") {
  RunTest test;
  test.run_plan(
      "jobs: 3\ntasks: {g: {jobs: 2, tasks: {a: x, b: x, c: x, d: x}}, h: {jobs: 9, tasks: {a: x, "
      "b: x, c: x}}}");
  CHECK(test.executor.running_max == 3);
  CHECK(test.executor.started ==
        std::vector<std::string>{"g/a", "g/b", "h/a", "g/c", "g/d", "h/b", "h/c"});
}

TEST_CASE("tasks of nested groups start in their place of the file") {
  RunTest test;
  test.run_plan("jobs: 1\ntasks: {g: {tasks: {a: x, h: {tasks: {b: x}}, c: x}}, d: x}");
  CHECK(test.executor.started == std::vector<std::string>{"g/a", "g/h/b", "g/c", "d"});
}

TEST_CASE("without a limit everything runs at once") {
  RunTest test;
  std::string tasks = "jobs: 0\ntasks:\n";
  for (int i = 0; i < 500; ++i) tasks += "  t" + std::to_string(i) + ": x\n";
  test.run_plan(tasks);
  CHECK(test.executor.running_max == 500);
}

TEST_CASE("a task whose timeout passes has timed out, with 124") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 9s};
  const RunEnded ended = test.run_plan("tasks: {a: {run: x, timeout: 2s}, b: x}");
  CHECK(test.recorder.state("a") == "timed_out: timed out after 2s");
  CHECK(ended.exit_status == 124);
  CHECK(ended.error.message() == "a: timed out after 2s");
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("a task that is skipped says in words how its need ended") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1h};
  test.run_plan("tasks: {a: {run: x, timeout: 2s}, b: {run: x, needs: a}}");
  CHECK(test.recorder.state("b") == "skipped: needs a: timed out");
}

TEST_CASE("the run's timeout stops everything and says whose it was") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 9s};
  const RunEnded ended =
      test.run_plan("timeout: 3s\nmode: aggregate\ntasks: {a: {run: x, timeout: 5s}, b: x}");
  CHECK(ended.exit_status == 124);
  CHECK(ended.state == TaskState::timed_out);
  CHECK(ended.error.message() == "the timeout of the run (3s) passed");
  CHECK_FALSE(ended.by_tasks);
  CHECK(test.recorder.state("a") == "canceled: the timeout of the run (3s) passed");
  CHECK(test.recorder.state("b") == "succeeded");
}

TEST_CASE("[F4.3] the failures of a run whose timeout passes later stay failures") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .exit_code = 4};
  test.executor.behaviors["b"] = {.takes = 9s};
  const RunEnded ended = test.run_plan("timeout: 3s\nmode: aggregate\ntasks: {a: x, b: x}");
  CHECK(ended.exit_status == 124);
  CHECK(ended.error.message() == "the timeout of the run (3s) passed");
  CHECK(test.recorder.state("a") == "failed: exit 4");
}

TEST_CASE("[F4.3] the earlier failures of a group that then times out stay failures") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.takes = 1s, .exit_code = 4};
  test.executor.behaviors["g/b"] = {.takes = 9s};
  const RunEnded ended = test.run_plan(
      "mode: aggregate\ntasks: {g: {mode: aggregate, timeout: 3s, tasks: {a: x, b: x}}, c: x}");
  CHECK(test.recorder.state("g/a") == "failed: exit 4");
  CHECK(test.recorder.state("g") == "timed_out: the timeout of group 'g' (3s) passed");
  CHECK(ended.error.message() == "g: the timeout of group 'g' (3s) passed");
  CHECK(ended.exit_status == 1);
}

TEST_CASE(
    "a timeout that passes while a failed errgroup is being stopped does not hide the failure") {
  RunTest test;
  test.executor.behaviors["g/bad"] = {.exit_code = 3};
  test.executor.behaviors["g/slow"] = {.takes = 9s, .stops_in = 4s};
  const RunEnded ended =
      test.run_plan("timeout: 3s\ntasks: {g: {timeout: 2s, tasks: {bad: x, slow: x}}}");
  CHECK(test.recorder.state("g") == "failed: g/bad failed (exit 3)");
  CHECK(ended.state == TaskState::failed);
  CHECK(ended.exit_status == 3);
  CHECK(ended.error.message() == "g/bad: exit 3");
}

TEST_CASE("a group's timeout counts from its start and is one failure of its parent") {
  RunTest test;
  test.executor.behaviors["first"] = {.takes = 10s};
  test.executor.behaviors["g/a"] = {.takes = 9s};
  const RunEnded ended =
      test.run_plan("tasks: {first: x, g: {needs: first, timeout: 2s, tasks: {a: x}}}");
  CHECK(test.elapsed() == 12s);
  CHECK(test.recorder.state("g/a") == "canceled: the timeout of group 'g' (2s) passed");
  CHECK(test.recorder.state("g") == "timed_out: the timeout of group 'g' (2s) passed");
  CHECK(ended.exit_status == 124);
}

TEST_CASE("the nearest deadline on the way to the root wins") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.takes = 9s};
  test.run_plan("timeout: 3s\ntasks: {g: {timeout: 4s, tasks: {a: {run: x, timeout: 5s}}}}");
  CHECK(test.recorder.state("g/a") == "canceled: the timeout of the run (3s) passed");
}

TEST_CASE("a run whose tasks all succeeded before the timeout is not timed out") {
  RunTest test;
  CHECK(test.run_plan("timeout: 2s\ntasks: {a: x}").exit_status == 0);
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("a signal cancels the run and is the cause that every task names") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 60s, .stops_in = 1s};
  std::optional<Timer> timer;
  const RunEnded ended =
      test.run_plan("jobs: 1\ntasks: {a: x, b: x}", [&](const CancelFn& cancel, const CancelFn&) {
        timer.emplace(test.runtime, [cancel] { cancel(sigint()); });
        timer->set_after(2s);
      });
  CHECK(test.recorder.state("a") == "canceled: received SIGINT");
  CHECK(test.recorder.state("b") == "canceled: received SIGINT");
  CHECK(ended.exit_status == 130);
  CHECK(ended.state == TaskState::canceled);
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("force_stop ends the grace of a task that ignores the polite signal") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 60s, .ignores_stop = true};
  std::optional<Timer> first, second;
  test.run_plan("tasks: {a: {run: x, grace: 30s}}",
                [&](const CancelFn& cancel, const CancelFn& force_stop) {
                  first.emplace(test.runtime, [cancel] { cancel(sigint()); });
                  first->set_after(2s);
                  second.emplace(test.runtime, [force_stop] { force_stop(sigint()); });
                  second->set_after(4s);
                });
  CHECK(test.elapsed() == 4s);
}

TEST_CASE("what cannot be executed is a failure with the shell's code") {
  RunTest test;
  test.executor.behaviors["a"] = {
      .error = Error::make(NotExecutable{"exec 'nosuch': No such file or directory", 127})};
  const RunEnded ended = test.run_plan("tasks: {a: x}");
  CHECK(ended.exit_status == 127);
  CHECK(ended.error.message() == "a: exec 'nosuch': No such file or directory");
}

TEST_CASE("an executor that throws is a failure of that task and nothing hangs") {
  RunTest test;
  test.executor.behaviors["a"] = {.throws = true};
  const RunEnded ended = test.run_plan("mode: aggregate\ntasks: {a: x, b: x}");
  CHECK(test.recorder.state("a") == "failed: the executor broke");
  CHECK(test.recorder.state("b") == "succeeded");
  CHECK(ended.exit_status == 1);
}

TEST_CASE("what attempts left behind is told before the run ends") {
  RunTest test;
  test.executor.left_behind = {"stopped: daemon (pid 7)"};
  test.run_plan("tasks: {a: x}");
  CHECK(test.executor.closed);
  CHECK(test.recorder.lines == std::vector<std::string>{"0s start a", "1s succeeded a",
                                                        "1s notice stopped: daemon (pid 7)",
                                                        "1s end"});
}

TEST_CASE("the end of a task carries its last lines") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1, .output = "one\ntwo\n"};
  test.run_plan("tasks: {a: x}");
  CHECK(test.recorder.ended.at("a").last_lines == "one\ntwo\n");
}

TEST_CASE("a chain of 20,000 needs is skipped without a deep stack") {
  RunTest test;
  test.executor.behaviors["t0"] = {.exit_code = 1};
  std::string tasks = "mode: aggregate\ntasks:\n  t0: x\n";
  for (int i = 1; i < 20000; ++i) {
    tasks += "  t" + std::to_string(i) + ": {run: x, needs: t" + std::to_string(i - 1) + "}\n";
  }
  CHECK(test.run_plan(tasks).exit_status == 1);
  CHECK(test.recorder.ended.size() == 20000);
}
