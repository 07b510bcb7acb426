// SPDX-License-Identifier: Apache-2.0
#include "errand/events/root_failures.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Names {
  std::vector<std::string> all;
  bool empty() const { return all.empty(); }
  void merge(Names later) { all.insert(all.end(), later.all.begin(), later.all.end()); }
};

using Texts = std::vector<std::string>;

struct Watched {
  explicit Watched(const Plan& plan) { failures.begin(&plan); }
  void fail(const Task& task) { failures.around(task).all.push_back(task.full_name); }
  RootFailures<Names> failures;
};

RunEnded run_that(TaskState state) {
  RunEnded ended;
  ended.state = state;
  return ended;
}

}  // namespace

TEST_CASE("a group that fails repeats what has failed inside of it") {
  const Plan plan = make_plan({"g", "g/in", "g/in/a", "b"});
  Watched watched(plan);
  watched.fail(plan.task(3));
  CHECK_FALSE(watched.failures.end_group(unstarted(plan.task(2), TaskState::failed, "x")).is_news);
  CHECK_FALSE(watched.failures.end_group(unstarted(plan.task(1), TaskState::failed, "x")).is_news);
  watched.fail(plan.task(4));
  Names dropped;
  CHECK(watched.failures.end_run(run_that(TaskState::failed), dropped).all == Texts{"g/in/a", "b"});
  CHECK(dropped.empty());
}

TEST_CASE("a group that fails without a failure inside, or by its timeout, is news") {
  const Plan plan = make_plan({"g", "g/a", "h", "h/b"});
  Watched watched(plan);
  CHECK(watched.failures.end_group(unstarted(plan.task(1), TaskState::failed, "x")).is_news);
  watched.fail(plan.task(4));
  CHECK(watched.failures.end_group(unstarted(plan.task(3), TaskState::timed_out, "x")).is_news);
}

TEST_CASE("[F4.8] failures in a group that succeeds, or may fail, are dropped") {
  const Plan plan = make_plan({"g", "g/in", "g/in/a", "b"});
  Watched watched(plan);
  watched.fail(plan.task(3));
  watched.failures.end_group(unstarted(plan.task(2), TaskState::failed, "x"));
  SECTION("it succeeds") {
    CHECK(watched.failures.end_group(succeeded(plan.task(1))).dropped.all == Texts{"g/in/a"});
  }
  SECTION("it may fail") {
    TaskEnded ended = unstarted(plan.task(1), TaskState::failed, "x");
    ended.allowed = true;
    CHECK(watched.failures.end_group(ended).dropped.all == Texts{"g/in/a"});
  }
  watched.fail(plan.task(4));
  Names dropped;
  CHECK(watched.failures.end_run(run_that(TaskState::failed), dropped).all == Texts{"b"});
}

TEST_CASE("[F4.8] a run that succeeds has no failures") {
  const Plan plan = make_plan({"a", "b"}, Mode::race);
  Watched watched(plan);
  watched.fail(plan.task(1));
  Names dropped;
  CHECK(watched.failures.end_run(run_that(TaskState::succeeded), dropped).empty());
  CHECK(dropped.all == Texts{"a"});
}

TEST_CASE("groups that a log without an end has left open keep their failures") {
  const Plan plan = make_plan({"g", "g/a"});
  Watched watched(plan);
  watched.fail(plan.task(2));
  Names dropped;
  CHECK(watched.failures.end_run(run_that(TaskState::canceled), dropped).all == Texts{"g/a"});
}
