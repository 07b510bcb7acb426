// SPDX-License-Identifier: Apache-2.0
#include "errand/console/run_progress.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Watched {
  explicit Watched(const Plan& plan) {
    progress.on(at(0s, RunStarted{"id", "ci", Mode::errgroup, &plan, 0}));
  }
  void start(const Task& task, Duration since) {
    progress.on(at(since, AttemptStarted{&task, 1, 1}));
  }
  void stop(const Task& task, Duration since) {
    progress.on(at(since, AttemptEnded{&task, 1, TaskState::succeeded, {}, {}, {}, {}}));
  }
  void end(const TaskEnded& ended, Duration since) {
    stop(*ended.task, since);
    progress.on(at(since, ended));
  }
  RunProgress progress;
};

}  // namespace

TEST_CASE("before anything has run there is nothing to tell but what waits") {
  const Plan plan = make_plan({"a", "lint", "lint/b"});
  const Watched run(plan);
  CHECK(run.progress.text(0s) == "0 running, 2 waiting, 0/2 done, 0s");
}

TEST_CASE("progress counts tasks by what they are doing and names the one that runs longest") {
  const Plan plan = make_plan({"a", "b", "c", "d", "e", "f"});
  Watched run(plan);
  run.start(plan.task(1), 0s);
  run.start(plan.task(2), 1s);
  run.start(plan.task(3), 2s);
  run.end(succeeded(plan.task(1), 10s), 10s);
  run.end(failed(plan.task(3), 1, 10s), 12s);
  run.start(plan.task(4), 20s);
  CHECK(run.progress.text(46s) ==
        "2 running, 2 waiting, 2/6 done, 1 failed, 46s, ETA 10s, longest: b 45s");
}

TEST_CASE("an allowed failure is a warning") {
  const Plan plan = make_plan({"a", "b"});
  Watched run(plan);
  run.start(plan.task(1), 0s);
  TaskEnded ended = failed(plan.task(1), 1);
  ended.allowed = true;
  run.end(ended, 3s);
  CHECK(run.progress.text(3s) == "0 running, 1 waiting, 1/2 done, 1 warning, 3s, ETA 4s");
}

TEST_CASE("[F4.8] what has lost a race is not counted as failed") {
  const Plan plan = make_plan({"race", "race/a", "race/b", "c"});
  Watched run(plan);
  run.end(failed(plan.task(2), 1), 1s);
  run.end(failed(plan.task(4), 1), 1s);
  CHECK(run.progress.text(1s).find("2 failed") != std::string::npos);
  run.end(succeeded(plan.task(3)), 2s);
  run.end(succeeded(plan.task(1)), 2s);
  CHECK(run.progress.text(2s).find("1 failed") != std::string::npos);
}

TEST_CASE("the rest is judged by the mean of what has ended and by how many run side by side") {
  const Plan plan = make_plan({"a", "b", "c", "d", "e", "f", "g", "h"});
  Watched run(plan);
  CHECK_FALSE(run.progress.remaining(5s).has_value());
  run.start(plan.task(1), 0s);
  run.end(succeeded(plan.task(1), 10s), 10s);
  run.start(plan.task(2), 10s);
  run.start(plan.task(3), 10s);
  // Five wait and take ten seconds each; the two that run take six more each.
  CHECK(run.progress.remaining(14s) == 31s);
}

TEST_CASE("an estimate that is too long to count is the longest duration, not a negative one") {
  const Plan plan = make_plan({"a", "b", "c", "d", "e"});
  Watched run(plan);
  constexpr Duration kCentury = 24h * 365 * 100;
  run.start(plan.task(1), 0s);
  run.end(succeeded(plan.task(1), kCentury), kCentury);
  CHECK(run.progress.remaining(kCentury) == Duration::max());
  CHECK(run.progress.text(kCentury).find("ETA 2562047h47m17s") != std::string::npos);
}

TEST_CASE("a task that waits for its next attempt is not running") {
  const Plan plan = make_plan({"a", "b"});
  Watched run(plan);
  run.start(plan.task(1), 0s);
  CHECK(run.progress.running());
  run.stop(plan.task(1), 1s);
  CHECK_FALSE(run.progress.running());
  CHECK(run.progress.text(2s) == "0 running, 2 waiting, 0/2 done, 2s");
  run.start(plan.task(1), 3s);
  CHECK(run.progress.text(4s) == "1 running, 1 waiting, 0/2 done, 4s, longest: a 4s");
}

TEST_CASE("a service is neither the longest nor a measure") {
  const Plan made = make_plan({"db", "test"});
  Task service = made.task(1);
  Policy policy;
  policy.service = true;
  service.policy = std::make_shared<const Policy>(policy);
  Watched run(made);
  run.start(service, 0s);
  run.start(made.task(2), 5s);
  CHECK(run.progress.text(9s) == "2 running, 0/2 done, 9s, longest: test 4s");
  run.end(succeeded(service, 9s), 9s);
  CHECK_FALSE(run.progress.remaining(9s).has_value());
}

TEST_CASE("of tasks that arrive nobody knows how many there will be") {
  const Plan tasks = make_plan({"a", "b"});
  RunProgress progress;
  progress.on(at(0s, RunStarted{"id", "stream", Mode::errgroup, nullptr, 0}));
  progress.on(at(0s, TaskReady{&tasks.task(1)}));
  progress.on(at(0s, AttemptStarted{&tasks.task(1), 1, 1}));
  progress.on(at(0s, TaskReady{&tasks.task(2)}));
  CHECK(progress.text(2s) == "1 running, 1 waiting, 2s, longest: a 2s");
  progress.on(at(2s, AttemptEnded{&tasks.task(1), 1, TaskState::succeeded, {}, {}, {}, {}}));
  progress.on(at(2s, succeeded(tasks.task(1), 2s)));
  CHECK(progress.text(2s) == "0 running, 1 waiting, 1 done, 2s, ETA 2s");
}

TEST_CASE("names are escaped") {
  const Plan plan = make_plan({"a\x1b[2J\n"});
  Watched run(plan);
  run.start(plan.task(1), 0s);
  CHECK(run.progress.text(1s) == "1 running, 0/1 done, 1s, longest: a\\e[2J\\n 1s");
}
