// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/select.h"
#include "errand/plan/edit/overrides.h"
#include "errand/plan/edit/shuffle.h"

#include <algorithm>
#include <set>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

const char* const kPlan =
    "tasks:\n"
    "  lint: { tasks: { format: x, tidy: { run: x, needs: format } } }\n"
    "  build: x\n"
    "  slow: { tasks: { fuzz: x } }\n"
    "  test: { run: x, needs: [build, lint] }\n"
    "  publish: { run: x, needs: [test, slow/fuzz] }\n";

// "lint lint/format ...", each with what it needs.
std::string names(const Plan& plan) {
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) {
    CHECK(task.id == static_cast<TaskId>(&task - plan.tasks().data()));
    const auto& siblings = plan.task(task.parent).children;
    CHECK(std::ranges::count(siblings, task.id) == 1);
    text += (text.empty() ? "" : " ") + task.full_name;
    for (const Need& need : task.needs) text += "<" + plan.task(need.task).full_name;
  }
  return text;
}

std::string selected(const Selection& selection) {
  const Result<Plan> plan = select(yaml_plan(kPlan), selection);
  return plan ? names(*plan) : "error: " + plan.error().message();
}

}  // namespace

TEST_CASE("without a selection all tasks are there") {
  CHECK(selected({}) ==
        "lint lint/format lint/tidy<lint/format build slow slow/fuzz test<lint<build "
        "publish<slow/fuzz<test");
}

TEST_CASE("--only takes what its globs match, with what that needs and the groups around it") {
  CHECK(selected({{}, {"build"}, {}}) == "build");
  CHECK(selected({{}, {"lint/t*"}, {}}) == "lint lint/format lint/tidy<lint/format");
  CHECK(selected({{}, {"*z"}, {}}) == "slow slow/fuzz");
  CHECK(selected({{}, {"bu?ld", "slow/*"}, {}}) == "build slow slow/fuzz");
  CHECK(selected({{"build"}, {"[a-f]uzz", "slow/fuzz"}, {}}) ==
        "error: --only: no task matches \"[a-f]uzz\"");
  CHECK(selected({{"build"}, {"slow"}, {}}) == "build slow slow/fuzz");
}

TEST_CASE("--skip takes tasks away as if the file did not have them") {
  CHECK(selected({{}, {}, {"lint", "slow*"}}) == "build test<build publish<test");
  CHECK(selected({{"publish"}, {}, {"*/fuzz", "test"}}) == "publish");
  CHECK(selected({{}, {"l*"}, {"lint/tidy"}}) == "lint lint/format");
  CHECK(selected({{"build"}, {}, {"build"}}) == "error: there is no task \"build\"");
}

TEST_CASE("every glob that matches nothing is told") {
  CHECK(selected({{"tset"}, {"nope*"}, {"never"}}) ==
        "error: [--skip: no task matches \"never\", there is no task \"tset\", did you mean "
        "\"test\"?, --only: no task matches \"nope*\"]");
}

TEST_CASE("of tasks that stand alone the same ones are selected") {
  CHECK(is_selected("a/b.c", {}, {}));
  CHECK(is_selected("a/b.c", {"x", "*.c"}, {}));
  CHECK_FALSE(is_selected("a/b.c", {"*.h"}, {}));
  CHECK_FALSE(is_selected("a/b.c", {"*.c"}, {"a/*"}));
}

TEST_CASE("a shuffled plan has the same tasks, needs and groups, in an order of the seed's") {
  const Plan plan = yaml_plan(kPlan);
  const auto sorted = [](const Plan& from) {
    std::multiset<std::string> all;
    for (const Task& task : from.tasks()) {
      std::string line = task.full_name;
      std::set<std::string> needed;
      for (const Need& need : task.needs) needed.insert(from.task(need.task).full_name);
      for (const std::string& need : needed) line += "<" + need;
      all.insert(line);
    }
    return all;
  };
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Plan mixed = shuffle(plan, seed);
    CHECK(sorted(mixed) == sorted(plan));
    CHECK(names(mixed) == names(shuffle(plan, seed)));
    CHECK(std::ranges::all_of(mixed.tasks(), [](const Task& task) {
      return std::ranges::is_sorted(task.needs) && (task.id == 0 || task.parent < task.id);
    }));
    orders.insert(names(mixed));
  }
  CHECK(orders.size() > 10);
}

TEST_CASE("the command line's rules go over those of the file") {
  Overrides over;
  over.mode = Mode::race;
  over.halt = Halt{Halt::Speed::soon, Halt::Trigger::fail, 3, false};
  over.nice = 5;
  over.retries = 2;
  const Plan plan = apply(over, yaml_plan(kPlan));
  CHECK(plan.root().mode == Mode::race);
  REQUIRE(plan.root().policy->halt);
  CHECK(format(*plan.root().policy->halt) == "soon,fail=3");
  CHECK_FALSE(task_named(plan, "lint").policy->halt);
  for (const char* name : {"build", "lint/format"}) {
    CHECK(task_named(plan, name).policy->nice == 5);
    CHECK(task_named(plan, name).policy->retry.count == 2);
  }
  CHECK(task_named(plan, "build").policy == task_named(plan, "test").policy);
  CHECK(plan.task(1).policy == default_policy());
}

TEST_CASE("retries of the command line leave alone the tasks that name some, or are hedged") {
  Overrides over;
  over.retries = 2;
  Task task;
  auto policy = std::make_shared<Policy>();
  policy->retry.count = 7;
  task.policy = policy;
  apply(over, task);
  CHECK(task.policy->retry.count == 7);
  auto hedged = std::make_shared<Policy>();
  hedged->hedge = HedgeRule{};
  task.policy = hedged;
  apply(over, task);
  CHECK(task.policy->retry.count == 0);
}

TEST_CASE("the command line's bound of attempts leaves services alone") {
  Overrides overrides;
  overrides.task_timeout = std::chrono::seconds(1);
  const Plan plan = apply(
      overrides, yaml_plan("tasks: { db: { run: x, service: true }, t: { run: x, needs: db } }"));
  CHECK_FALSE(plan.task(1).timeout);
  CHECK(plan.task(2).timeout == std::chrono::seconds(1));
}

TEST_CASE("a group for tasks without a file has what the command line says of the run") {
  Overrides over;
  over.mode = Mode::aggregate;
  over.jobs = Jobs{Jobs::Kind::count, 3};
  over.halt = Halt{};
  const Task group = make_run_group("exec", over);
  CHECK((group.is_group && group.name == "exec" && group.mode == Mode::aggregate));
  CHECK(group.jobs->value == 3);
  CHECK(group.policy->halt);
  CHECK_FALSE(make_run_group("x", {}).jobs);
}
