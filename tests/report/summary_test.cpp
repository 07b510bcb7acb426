// SPDX-License-Identifier: Apache-2.0
#include "errand/report/summary.h"

#include "support/summary_screen.h"

using namespace errand;
using namespace errand::test;

TEST_CASE("nothing to run is said so") {
  Screen screen;
  const Plan plan = make_plan({});
  screen.start(plan);
  CHECK(screen.finish("") == "nothing to run\n");
}

TEST_CASE("a success is one line of counts, and one for flaky tasks") {
  Screen screen;
  const Plan plan = make_plan({"a", "group", "group/b", "c"});
  screen.start(plan);
  screen.end(succeeded(plan.task(1)));
  TaskEnded flaky = succeeded(plan.task(3));
  flaky.flaky = true;
  flaky.attempts = 3;
  screen.end(flaky);
  screen.end(succeeded(plan.task(2)));  // the group; not a task
  CHECK(screen.finish("") ==
        "2 tasks: 2 succeeded (1 flaky) in 3.2s\n"
        "flaky: 1 task: group/b (attempt 3)\n");
}

TEST_CASE("a failure is the last thing on the screen, with all there is to know") {
  Screen screen;
  const Plan plan = make_plan({"lint", "build", "deploy"});
  screen.start(plan);
  screen.end(succeeded(plan.task(1)));
  TaskEnded build =
      with_output(failed(plan.task(2), 2), "cc -c x.c\n\x1b[31mx.c:1: error\x1b[0m\n");
  build.first_failure = true;
  screen.end(build);
  screen.end(unstarted(plan.task(3), TaskState::skipped, "needs build: failed"));
  CHECK(screen.finish("build: exit 2") ==
        "3 tasks: 1 succeeded, 1 failed, 1 skipped in 3.2s\n"
        "skipped: 1 task: needs build: failed\n"
        "build: failed: exit 2 in 3.1s\n"
        "  command: make build\n"
        "    cc -c x.c\n"
        "    x.c:1: error\n"
        "  rerun: errand run ci.yaml build\n"
        "errand: build: exit 2\n");
}

TEST_CASE("[P10] one failure of long output fits the last 25 lines") {
  Screen screen;
  const Plan plan = make_plan(names(50));
  screen.start(plan);
  std::string output;
  for (int i = 0; i < 100; ++i)
    output += "line " + std::to_string(i) + std::string(5000, 'x') + "\n";
  screen.end(with_output(failed(plan.task(7), 1), output));
  for (TaskId id = 8; id <= 50; ++id) {
    screen.end(unstarted(plan.task(id), TaskState::canceled, "t7 failed (exit 1)"));
  }
  const std::string text = screen.finish("t7: exit 1");
  CHECK(std::count(text.begin(), text.end(), '\n') < 25);
  CHECK(text.find("canceled: 43 tasks: t7 failed (exit 1)\n") != text.npos);
  CHECK(text.find("line 89") == text.npos);
  CHECK(text.find("    line 90x") != text.npos);
  CHECK(text.find("  rerun: errand run ci.yaml t7\nerrand: t7: exit 1\n") != text.npos);
  CHECK(text.size() < 10000);
}

TEST_CASE("[F4.3] the failure that decided an errgroup comes first and is marked") {
  Screen screen({});
  const Plan plan = make_plan(names(3));
  screen.start(plan);
  screen.end(failed(plan.task(1), 1));
  TaskEnded decisive = failed(plan.task(2), 2);
  decisive.first_failure = true;
  screen.end(decisive);
  screen.end(failed(plan.task(3), 2));
  CHECK(screen.finish("t2: exit 2") ==
        "3 tasks: 3 failed in 3.2s\n"
        "t2: failed: exit 2 in 3.1s, the first failure\n"
        "  command: make t2\n"
        "  same failure: t3\n"
        "t1: failed: exit 1 in 3.1s\n"
        "  command: make t1\n"
        "3 tasks failed:\n"
        "  t1: exit 1\n"
        "  t2: exit 2\n"
        "  t3: exit 2\n");
}

TEST_CASE("[F4.3] failures are described in the order of their ends and listed in file order") {
  Screen screen({});
  const Plan plan = make_plan(names(3), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const TaskId id : {3, 1, 2}) screen.end(failed(plan.task(id), static_cast<int>(id)));
  CHECK(screen.finish("x") ==
        "3 tasks: 3 failed in 3.2s\n"
        "t3: failed: exit 3 in 3.1s\n"
        "  command: make t3\n"
        "t1: failed: exit 1 in 3.1s\n"
        "  command: make t1\n"
        "t2: failed: exit 2 in 3.1s\n"
        "  command: make t2\n"
        "3 tasks failed:\n"
        "  t1: exit 1\n"
        "  t2: exit 2\n"
        "  t3: exit 3\n");
}

TEST_CASE("[F4.3] what happened to the run itself comes before the failed tasks") {
  Screen screen({});
  const Plan plan = make_plan(names(2), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  screen.end(failed(plan.task(1), 1));
  screen.end(failed(plan.task(2), 2));
  RunEnded ended;
  ended.state = TaskState::timed_out;
  ended.error = Error::text("the timeout of the run (3s) passed");
  CHECK(screen.finish(std::move(ended))
            .ends_with("errand: the timeout of the run (3s) passed\n"
                       "2 tasks failed:\n"
                       "  t1: exit 1\n"
                       "  t2: exit 2\n"));
}

TEST_CASE("[F4.3] a group whose time was up is listed beside the failures inside of it") {
  Screen screen({});
  const Plan plan = make_plan({"g", "g/a", "g/b"});
  screen.start(plan, Mode::aggregate);
  screen.end(failed(plan.task(2), 1));
  screen.end(unstarted(plan.task(3), TaskState::canceled, "the timeout of group 'g' (1s) passed"));
  screen.end(unstarted(plan.task(1), TaskState::timed_out, "the timeout of group 'g' (1s) passed"));
  const std::string text = screen.finish("x");
  CHECK(
      text.ends_with("2 tasks failed:\n"
                     "  g: the timeout of group 'g' (1s) passed\n"
                     "  g/a: exit 1\n"));
}

TEST_CASE("[F4.8] what loses a race has not failed") {
  Screen screen({});
  const Plan plan = make_plan({"race", "race/a", "race/in", "race/in/b", "race/c", "other"});
  screen.start(plan, Mode::aggregate);
  screen.end(failed(plan.task(2), 1));
  screen.end(failed(plan.task(4), 1));
  screen.end(unstarted(plan.task(3), TaskState::failed, "race/in/b: exit 1"));
  screen.end(succeeded(plan.task(5)));
  TaskEnded race = succeeded(plan.task(1));
  screen.end(race);
  screen.end(failed(plan.task(6), 4));
  CHECK(screen.finish("other: exit 4") ==
        "4 tasks: 1 succeeded, 1 failed, 2 lost in 3.2s\n"
        "other: failed: exit 4 in 3.1s\n"
        "  command: make other\n"
        "errand: other: exit 4\n");
}

TEST_CASE("[F4.8] a run that succeeds in spite of failures lists none") {
  Screen screen({});
  const Plan plan = make_plan(names(2), Mode::race);
  screen.start(plan, Mode::race);
  screen.end(failed(plan.task(1), 1));
  screen.end(succeeded(plan.task(2)));
  CHECK(screen.finish("") == "2 tasks: 1 succeeded, 1 lost in 3.2s\n");
}

TEST_CASE("a group is reported only when no task inside explains its failure") {
  Screen screen({});
  const Plan plan = make_plan({"lint", "lint/deep", "lint/deep/a", "slow", "slow/b"});
  screen.start(plan, Mode::aggregate);
  screen.end(failed(plan.task(3), 1));
  screen.end(unstarted(plan.task(2), TaskState::failed, "lint/deep/a: exit 1"));
  screen.end(unstarted(plan.task(1), TaskState::failed, "lint/deep/a: exit 1"));
  screen.end(
      unstarted(plan.task(5), TaskState::canceled, "the timeout of group 'slow' (1s) passed"));
  screen.end(
      unstarted(plan.task(4), TaskState::timed_out, "the timeout of group 'slow' (1s) passed"));
  CHECK(screen.finish("x") ==
        "2 tasks: 1 failed, 1 canceled in 3.2s\n"
        "canceled: 1 task: the timeout of group 'slow' (1s) passed\n"
        "lint/deep/a: failed: exit 1 in 3.1s\n"
        "  command: make a\n"
        "slow: timed out: the timeout of group 'slow' (1s) passed\n"
        "2 tasks failed:\n"
        "  lint/deep/a: exit 1\n"
        "  slow: the timeout of group 'slow' (1s) passed\n");
}

TEST_CASE("[P20] an allowed failure is a warning and no failure") {
  Screen screen({});
  const Plan plan = make_plan(names(2));
  screen.start(plan);
  TaskEnded allowed = failed(plan.task(1), 1);
  allowed.allowed = true;
  screen.end(allowed);
  screen.end(succeeded(plan.task(2)));
  CHECK(screen.finish("") ==
        "2 tasks: 1 succeeded, 1 failed (1 allowed) in 3.2s\n"
        "warning: t1: failed: exit 1 in 3.1s (allowed)\n");
}

TEST_CASE("many causes of canceled tasks are cut to a few, with every task counted") {
  Screen screen({});
  const Plan plan = make_plan(names(9));
  screen.start(plan);
  for (const Task& task : plan.tasks().subspan(1)) {
    const std::string cause = task.id <= 4 ? "a" : "c" + std::to_string(task.id);
    screen.end(unstarted(task, TaskState::canceled, cause));
  }
  CHECK(screen.finish("") ==
        "9 tasks: 9 canceled in 3.2s\n"
        "canceled: 4 tasks: a\n"
        "canceled: 1 task: c5\n"
        "canceled: 1 task: c6\n"
        "canceled: 3 tasks for other causes\n");
}

TEST_CASE("[F4.2] -q leaves the failed tasks, and what happened to the run itself") {
  SummaryOptions options;
  options.detail = SummaryDetail::error_only;
  Screen screen(options);
  const Plan plan = make_plan(names(2));
  screen.start(plan);
  screen.end(failed(plan.task(1), 2));
  SECTION("one") { CHECK(screen.finish("t1: exit 2") == "errand: t1: exit 2\n"); }
  SECTION("two") {
    screen.end(failed(plan.task(2), 3));
    CHECK(screen.finish("t1: exit 2") == "2 tasks failed:\n  t1: exit 2\n  t2: exit 3\n");
  }
}

TEST_CASE("the summary begins on a line of its own") {
  Screen screen({});
  const Plan plan = make_plan(names(1));
  screen.start(plan);
  screen.err.write("no newline");
  screen.end(succeeded(plan.task(1)));
  CHECK(screen.finish("") == "no newline\n1 task: 1 succeeded in 3.2s\n");
}

TEST_CASE("a stream's tasks need no plan") {
  Screen screen({});
  screen.summary.on(at(0s, RunStarted{"id", "stream", Mode::errgroup, nullptr, 0}));
  const Plan plan = make_plan({"only"});
  screen.end(failed(plan.task(1), 1));
  CHECK(screen.finish("only: exit 1") ==
        "1 task: 1 failed in 3.2s\n"
        "only: failed: exit 1 in 3.1s\n"
        "  command: make only\n"
        "errand: only: exit 1\n");
}

TEST_CASE("slow tasks and what tasks left behind have their lines, few of them") {
  Screen screen({});
  const Plan made = make_plan(names(8));
  screen.start(made);
  std::vector<Task> tasks(made.tasks().begin(), made.tasks().end());
  for (Task& task : tasks) {
    task.slow_after = 60s;
    const Duration took = task.id == 8 ? 59s : 60s + std::chrono::seconds(task.id);
    if (task.id == 0) continue;
    screen.summary.on(at(took, AttemptEnded{&task, 1, TaskState::succeeded, {}, {}, took, {}}));
    if (task.id <= 5) {
      const std::string text = "left behind: sleep 300 (pid " + std::to_string(task.id) + ")";
      screen.summary.on(at(took, Notice{Notice::Level::warning, &task, text}));
    }
    screen.summary.on(at(took, Notice{Notice::Level::warning, &task, "told once"}));
    screen.summary.on(at(took, Notice{Notice::Level::info, &task, "still running after 1m"}));
    screen.end(succeeded(task));
  }
  screen.summary.on(at(99s, Notice{Notice::Level::warning, nullptr, "of the run"}));
  CHECK(screen.finish("") ==
        "8 tasks: 8 succeeded in 3.2s\n"
        "slow: 7 tasks: t1 (1m1s), t2 (1m2s), t3 (1m3s), t4 (1m4s), t5 (1m5s), …\n"
        "warning: t1: left behind: sleep 300 (pid 1)\n"
        "warning: t2: left behind: sleep 300 (pid 2)\n"
        "warning: t3: left behind: sleep 300 (pid 3)\n"
        "warning: 2 more left behind, told above\n");
}

TEST_CASE("[F4.3] one line says how to continue") {
  SummaryOptions options;
  options.journal = [] { return "/runs/7"; };
  Origin origin{"/work", "ci.yaml", {}, {"run", "-k", "ci.yaml"}};
  const Plan plan = make_plan(names(3), Mode::aggregate);
  std::string expected;
  SECTION("what failed, if everything else has ended") { expected = "--failed"; }
  SECTION("what is left, if something was canceled or never started") { expected = "--resume"; }
  SECTION("nothing, if the run was not kept") {
    options.journal = [] { return ""; };
  }
  SECTION("nothing, if it is not known how the run was started") { origin.command = {}; }
  SECTION("from another folder") {
    options.folder = "/";
    expected = "-C /work --failed";
  }
  if (options.folder.empty()) options.folder = "/work";
  Screen screen(options, origin);
  screen.start(plan, Mode::aggregate);
  screen.end(failed(plan.task(1), 1));
  screen.end(failed(plan.task(2), 1));
  screen.end(expected == "--resume"
                 ? unstarted(plan.task(3), TaskState::skipped, "needs t1: failed")
                 : succeeded(plan.task(3)));
  const std::string text = screen.finish("x");
  const std::string list = "2 tasks failed:\n";
  if (expected.empty()) {
    CHECK(text.find("continue:") == text.npos);
  } else {
    CHECK(text.find("\ncontinue: errand run " + expected + " -k ci.yaml\n" + list) != text.npos);
  }
}

TEST_CASE("[F4.8] a flaky task says why its first attempt failed") {
  Screen screen({});
  const Plan plan = make_plan(names(1));
  screen.start(plan);
  TaskEnded flaky = succeeded(plan.task(1));
  flaky.flaky = true;
  flaky.attempts = 3;
  flaky.flaky_cause = Error::text("exit 7");
  screen.end(flaky);
  CHECK(screen.finish("") ==
        "1 task: 1 succeeded (1 flaky) in 3.2s\n"
        "flaky: 1 task: t1 (attempt 3; the first: exit 7)\n");
}
