// SPDX-License-Identifier: Apache-2.0
//
// Runs that go on with an earlier one: what is settled does not run, and holds nobody up.
#include "errand/plan/edit/remaining_tasks.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

using Names = std::vector<std::string>;

// The plan after a run in which these have succeeded, and all others were canceled.
Plan left_of(RunTest& test, const std::string& yaml, const Names& succeeded) {
  Plan plan = test.plan(yaml);
  PriorResults ends;
  ends.id = "r1";
  Fingerprints fingerprints;
  for (const Task& task : plan.tasks()) {
    ends.known.insert(fingerprints.of(task));
    const bool well = std::ranges::find(succeeded, task.full_name) != succeeded.end();
    if (well) ++ends.succeeded[fingerprints.of(task)];
  }
  return mark_remaining_tasks(std::move(plan), ends, RerunScope::unfinished, Fingerprints());
}

}  // namespace

TEST_CASE("what has succeeded in an earlier run is skipped, and what needs it runs") {
  RunTest test;
  const RunEnded ended = test.run_plan(
      left_of(test, "tasks: { a: x, b: { run: x, needs: a }, c: { run: x, needs: b } }", {"a"}));
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"b", "c"});
  CHECK(test.recorder.state("a") == "skipped: succeeded in run r1");
  CHECK(test.recorder.ended.at("a").succeeded_in == "r1");
  CHECK(test.recorder.ended.at("a").excluded);
}

TEST_CASE("a need counts as met whatever was to be waited for") {
  RunTest test;
  test.run_plan(left_of(test,
                        "tasks: { a: x, b: { needs: { a: { condition: started } }, run: x }, c: { "
                        "needs: { a: { condition: done } }, run: x } }",
                        {"a"}));
  CHECK(test.executor.started == Names{"b", "c"});
}

TEST_CASE("what is settled is told before anything starts, so that a killed run does not lose it") {
  RunTest test;
  test.run_plan(left_of(
      test, "jobs: 1\ntasks: { first: x, g: { needs: first, tasks: { a: x, b: y } }, c: x }",
      {"c"}));
  CHECK(test.recorder.lines.front() == "0s skipped c: succeeded in run r1");
  CHECK(test.executor.started == Names{"first", "g/a", "g/b"});
}

TEST_CASE("what is settled inside a group that is canceled before it starts stays settled") {
  RunTest test;
  test.executor.behaviors["first"] = {.exit_code = 1};
  Plan plan = left_of(
      test, "tasks: { other: x, first: x, g: { needs: first, tasks: { a: x, b: x } } }", {});
  std::vector<Task> tasks = plan.take_tasks();
  tasks[4].earlier_result =
      std::make_shared<const EarlierResult>(EarlierResult{"r1", true, "succeeded in run r1"});
  test.run_plan(Plan(std::move(tasks)));
  CHECK(test.recorder.state("g/a") == "skipped: succeeded in run r1");
  CHECK(test.recorder.state("g/b") == "skipped: needs first: failed");
}

TEST_CASE("a group in which nothing is left is skipped as a whole, and what needs it runs") {
  RunTest test;
  const RunEnded ended = test.run_plan(left_of(
      test, "tasks: { before: x, g: { needs: before, tasks: { a: x } }, c: { needs: g, run: x } }",
      {"before", "g", "g/a"}));
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"c"});
  CHECK(test.recorder.state("g") == "skipped: succeeded in run r1");
}

TEST_CASE("a run that has nothing left succeeds at once") {
  RunTest test;
  const std::string yaml = "tasks: { a: x, db: { run: x, service: true }, g: { tasks: { b: x } } }";
  const RunEnded ended = test.run_plan(left_of(test, yaml, {"a", "g/b", "g", "db", ""}));
  CHECK(ended.exit_status == 0);
  CHECK(ended.state == TaskState::succeeded);
  CHECK(test.executor.started.empty());
  CHECK(test.elapsed() == 0s);
}

TEST_CASE("a service runs for those that are left, and stops after them") {
  RunTest test;
  test.executor.behaviors["db"] = {.takes = 1h};
  const RunEnded ended = test.run_plan(left_of(
      test,
      "tasks: { db: { run: x, service: true }, a: { needs: { db: { condition: started } }, run: x "
      "}, b: { needs: { db: { condition: started } }, run: x } }",
      {"a"}));
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"db", "b"});
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("what has succeeded earlier counts for a rule of the group") {
  RunTest test;
  const RunEnded ended = test.run_plan(left_of(
      test, "jobs: 1\ntasks: { g: { halt: 'soon,success=2', tasks: { a: x, b: x, c: x } } }",
      {"g/a"}));
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"g/b"});
}

TEST_CASE("a failure among what is left fails the run as ever") {
  RunTest test;
  test.executor.behaviors["b"] = {.exit_code = 7};
  const RunEnded ended = test.run_plan(left_of(test, "tasks: { a: x, b: x }", {"a"}));
  CHECK(ended.exit_status == 7);
}
