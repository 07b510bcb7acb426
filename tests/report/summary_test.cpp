// SPDX-License-Identifier: Apache-2.0
#include "errand/report/summary.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Screen {
  explicit Screen() : Screen(SummaryOptions(), {"", "ci.yaml"}) {}
  // Without an origin there is nothing to run again.
  explicit Screen(SummaryOptions options, Origin from = {})
      : origin(std::move(from)), summary(err, std::move(options)) {}
  void start(const Plan& plan, Mode mode = Mode::errgroup) {
    summary.on(at(0s, RunStarted{"id", "ci", mode, &plan, 0, {}, origin}));
  }
  void end(const TaskEnded& ended) { summary.on(at(1s, ended)); }
  std::string finish(const std::string& error) {
    RunEnded ended;
    if (!error.empty()) ended.error = Error::text(error);
    return finish(std::move(ended));
  }
  std::string finish(RunEnded ended) {
    ended.duration = 3200ms;
    summary.on(at(3200ms, std::move(ended)));
    return file.text();
  }

  const Origin origin;
  Loop loop;
  OutputFile file;
  Writer err{loop.runtime, file.fd(), "standard error"};
  Summary summary;
};

TaskEnded with_output(TaskEnded ended, std::string last_lines) {
  ended.last_lines = std::move(last_lines);
  return ended;
}

std::vector<std::string> names(int count) {
  std::vector<std::string> all;
  for (int i = 1; i <= count; ++i) all.push_back("t" + std::to_string(i));
  return all;
}

}  // namespace

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

TEST_CASE("equal failures are folded into one") {
  Screen screen;
  const Plan plan = make_plan(names(12), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  for (const Task& task : plan.tasks().subspan(1)) {
    const std::string own_line = task.name + " starts\n";
    screen.end(with_output(failed(task, 1), task.id == 3 ? "other\n" : own_line + "boom\n"));
  }
  CHECK(screen.finish("12 of 12") ==
        "12 tasks: 12 failed in 3.2s\n"
        "t1: failed: exit 1 in 3.1s (11 tasks: t1, t2, t4, t5, t6, …)\n"
        "  command: make t1\n"
        "    t1 starts\n"
        "    boom\n"
        "  rerun: errand run ci.yaml t1\n"
        "t3: failed: exit 1 in 3.1s\n"
        "  command: make t3\n"
        "    other\n"
        "  rerun: errand run ci.yaml t3\n"
        "rerun all 12: errand run ci.yaml t1 t2 t3 t4 t5 t6 t7 t8 t9 t10 t11 t12\n"
        "errand: 12 of 12\n");
}

TEST_CASE("the failure that decided an errgroup comes first and is marked") {
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
        "t2: failed: exit 2 in 3.1s (2 tasks: t2, t3), the first failure\n"
        "  command: make t2\n"
        "t1: failed: exit 1 in 3.1s\n"
        "  command: make t1\n"
        "errand: t2: exit 2\n");
}

TEST_CASE("thousands of distinct failures are counted and only some told") {
  Screen screen({});
  const Plan plan = make_plan(names(1000), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  std::vector<Error> errors;
  for (const Task& task : plan.tasks().subspan(1)) {
    screen.end(with_output(failed(task, 1), "boom of " + task.name));
    errors.push_back(Error::text(task.name + ": exit 1"));
  }
  RunEnded ended;
  ended.error = Aggregate::make(std::move(errors));
  const std::string text = screen.finish(std::move(ended));
  CHECK(text.starts_with("1000 tasks: 1000 failed in 3.2s\n"));
  CHECK(text.ends_with("and 980 more failures\nerrand: 1000 tasks failed\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 3 + 3 * Summary::kDistinctMax);
}

TEST_CASE("a few errors of an aggregate are named in the last line") {
  Screen screen({});
  const Plan plan = make_plan(names(2), Mode::aggregate);
  screen.start(plan, Mode::aggregate);
  RunEnded ended;
  ended.error = Aggregate::make({Error::text("t1: exit 1"), Error::text("t2: exit 2")});
  CHECK(screen.finish(std::move(ended)) == "errand: [t1: exit 1, t2: exit 2]\n");
}

TEST_CASE("a group is told of only when no task inside explains its failure") {
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
        "errand: x\n");
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

TEST_CASE("-q leaves only the error of the run") {
  SummaryOptions options;
  options.detail = SummaryDetail::error_only;
  Screen screen(options);
  const Plan plan = make_plan(names(1));
  screen.start(plan);
  screen.end(failed(plan.task(1), 2));
  CHECK(screen.finish("t1: exit 2") == "errand: t1: exit 2\n");
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

TEST_CASE("several failures are followed by the command that runs just them, up to a number") {
  for (const std::size_t failures : {std::size_t{2}, Summary::kRerunNamesMax + 1}) {
    Screen screen;
    const Plan plan = make_plan(names(60), Mode::aggregate);
    screen.start(plan, Mode::aggregate);
    screen.end(succeeded(plan.task(1)));
    for (std::size_t i = 0; i < failures; ++i) {
      screen.end(failed(plan.task(static_cast<TaskId>(i + 2)), 1));
    }
    const std::string text = screen.finish("x");
    const bool told = text.ends_with("rerun all 2: errand run ci.yaml t2 t3\nerrand: x\n");
    CHECK(told == (failures == 2));
    CHECK((text.find("rerun all") != text.npos) == told);
  }
}
