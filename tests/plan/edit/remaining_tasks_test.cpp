// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/remaining_tasks.h"

#include <set>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

using Names = std::vector<std::string>;

// What an earlier run of a plan came to; tasks that are not named were canceled.
struct Earlier {
  std::set<std::string> succeeded, failed;
};

PriorResults ends_of(const Plan& plan, const Earlier& earlier) {
  PriorResults ends;
  ends.id = "r1";
  Fingerprints fingerprints;
  for (const Task& task : plan.tasks()) {
    const std::uint64_t fingerprint = fingerprints.of(task);
    ends.known.insert(fingerprint);
    if (earlier.succeeded.contains(task.full_name)) {
      ++ends.succeeded[fingerprint];
      continue;
    }
    if (!earlier.failed.contains(task.full_name)) continue;
    ends.failed.insert(fingerprint);
    ends.failed_names.insert(task.full_name);
  }
  return ends;
}

// The tasks that run, without groups: "a b/c".
std::string running(const Plan& plan) {
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) {
    if (!task.is_group && !task.earlier_result) text += (text.empty() ? "" : " ") + task.full_name;
  }
  return text;
}

std::string resumed(const std::string& yaml, const Earlier& earlier,
                    RerunScope scope = RerunScope::unfinished) {
  const Plan before = yaml_plan(yaml);
  return running(
      mark_remaining_tasks(yaml_plan(yaml), ends_of(before, earlier), scope, Fingerprints()));
}

std::string failed_again(const std::string& yaml, const Earlier& earlier) {
  return resumed(yaml, earlier, RerunScope::failed);
}

// After the plan has become another.
std::string edited(const std::string& before, const std::string& after, const Earlier& earlier) {
  const PriorResults ends = ends_of(yaml_plan(before), earlier);
  return running(
      mark_remaining_tasks(yaml_plan(after), ends, RerunScope::unfinished, Fingerprints()));
}

std::string why(const Plan& plan, const std::string& name) {
  for (const Task& task : plan.tasks()) {
    if (task.full_name == name) return task.earlier_result ? task.earlier_result->reason : "runs";
  }
  return "is not there";
}

const char* const kChain =
    "tasks: { lint: { tasks: { a: x, b: y } }, build: x, test: { needs: build, run: x }, publish: "
    "{ needs: [test, lint], run: x } }";

}  // namespace

TEST_CASE("what has not succeeded runs, and nothing else") {
  CHECK(resumed(kChain, {{"lint/a", "build"}, {"lint/b", "lint"}}) == "lint/b test publish");
  CHECK(resumed(kChain, {{"lint/a", "lint/b", "lint", "build"}, {"test"}}) == "test publish");
  CHECK(resumed(kChain, {}) == "lint/a lint/b build test publish");
  CHECK(resumed(kChain, {{"", "lint", "lint/a", "lint/b", "build", "test", "publish"}, {}}) == "");
}

TEST_CASE("what needs a task that runs again runs again, although it has succeeded") {
  // publish failed because of something else; test has become another task since.
  const std::string after =
      "tasks: { lint: { tasks: { a: x, b: y } }, build: changed, test: { needs: build, run: x }, "
      "publish: { needs: [test, lint], run: x } }";
  const Earlier all = {{"lint", "lint/a", "lint/b", "build", "test", "publish", ""}, {}};
  CHECK(edited(kChain, after, all) == "build test publish");
  CHECK(edited("tasks: { a: { tasks: { b: x, c: x } }, d: { needs: a, run: x }, e: x }",
               "tasks: { a: { tasks: { b: x, c: y } }, d: { needs: a, run: x }, e: x }",
               {{"a", "a/b", "a/c", "d", "e"}, {}}) == "a/c d");
}

TEST_CASE("a task that the earlier run did not have runs") {
  CHECK(edited("tasks: { a: x }", "tasks: { a: x, b: x }", {{"a", ""}, {}}) == "b");
}

TEST_CASE("a group whose tasks have all succeeded has done so too, although its end was not told") {
  const Plan plan = yaml_plan("tasks: { g: { tasks: { a: x } }, b: { needs: g, run: x } }");
  const PriorResults ends = ends_of(plan, {{"g/a"}, {}});
  const Plan rest = mark_remaining_tasks(plan, ends, RerunScope::unfinished, Fingerprints());
  CHECK(running(rest) == "b");
  CHECK(rest.task(1).earlier_result->succeeded);
}

TEST_CASE("a failure that is run again leaves what needs it alone; what it needs may be missing") {
  const Earlier earlier = {{"build", "lint/a"}, {"lint", "lint/b", "test"}};
  CHECK(failed_again(kChain, earlier) == "lint/b test");
  CHECK(failed_again("tasks: { a: x, b: { needs: { a: { condition: done } }, run: x }, c: x }",
                     {{}, {"b"}}) == "a b");
  CHECK(failed_again(kChain, {{"build"}, {}}) == "");
}

TEST_CASE("a task that failed runs again, changed or not") {
  const PriorResults ends = ends_of(yaml_plan("tasks: { a: x, b: x }"), {{"b"}, {"a", ""}});
  const Plan plan = yaml_plan("tasks: { a: changed, b: x }");
  CHECK(running(mark_remaining_tasks(plan, ends, RerunScope::failed, Fingerprints())) == "a");
}

TEST_CASE("of a group that failed without a failed task, all that has not succeeded runs") {
  const std::string yaml = "tasks: { g: { timeout: 1s, tasks: { a: x, b: x } }, c: x }";
  CHECK(failed_again(yaml, {{"g/a"}, {"g", ""}}) == "g/b");
  CHECK(failed_again(yaml, {{"g/a"}, {""}}) == "g/b c");  // the run's own timeout
}

TEST_CASE("services run for those that need them, and for nobody else") {
  const std::string yaml =
      "tasks: { db: { run: x, service: true }, a: { run: x, needs: { db: { condition: ready } } }, "
      "b: { run: x, needs: { db: { condition: ready } } }, c: x }";
  CHECK(resumed(yaml, {{"a", "b", "db"}, {"c"}}) == "c");
  CHECK(resumed(yaml, {{"b", "c", "db"}, {"a"}}) == "db a");
  CHECK(failed_again(yaml, {{"b", "db"}, {"a"}}) == "db a");
  // It had died while a needed it: nothing that failed could be told from it alone.
  CHECK(failed_again(yaml, {{"b", "c"}, {"db"}}) == "db a");
}

TEST_CASE("a service that nothing needs runs with its group") {
  const std::string yaml =
      "tasks: { g: { tasks: { log: { run: x, service: true }, a: x } }, h: { tasks: { log: { run: "
      "x, service: true }, b: x } } }";
  CHECK(resumed(yaml, {{"g/log", "h/log", "h/b", "h"}, {"g/a"}}) == "g/log g/a");
}

TEST_CASE("what runs last does so in the groups where something runs, and when it is left itself") {
  const std::string yaml =
      "tasks: { g: { tasks: { a: x, clean: { run: x, when: always } } }, b: x, tell: { run: x, "
      "when: on_failure }, after: { needs: b, run: x, when: always } }";
  CHECK(resumed(yaml, {{"g", "g/a", "g/clean", "after"}, {"b"}}) == "b tell after");
  CHECK(failed_again(yaml, {{"b", "after", "g/clean"}, {"g/a", "g"}}) == "g/a g/clean tell");
  CHECK(failed_again(yaml, {{"after", "g/a", "g/clean", "g"}, {"b"}}) == "b tell after");
  CHECK(resumed(yaml, {{"g/a", "b", "after"}, {}}) == "g/clean tell");
}

TEST_CASE("who lost a race that was won does not run; a lost or changed race runs whole") {
  const std::string race = "tasks: { r: { mode: race, tasks: { a: x, b: x } }, c: x }";
  CHECK(resumed(race, {{"r", "r/a"}, {"c"}}) == "c");
  CHECK(resumed(race, {{"r", "r/a"}, {"c", "r/b"}}) == "c");
  CHECK(failed_again(race, {{"r", "r/a"}, {"c", "r/b"}}) == "c");
  CHECK(resumed(race, {{"c"}, {"r", "r/a", "r/b"}}) == "r/a r/b");
  CHECK(edited(race, "tasks: { r: { mode: race, tasks: { a: x, b: y } }, c: x }",
               {{"r", "r/a", "c"}, {}}) == "r/a r/b");
  const Plan plan = yaml_plan(race);
  const PriorResults ends = ends_of(plan, {{"r", "r/a"}, {"c"}});
  CHECK(why(mark_remaining_tasks(yaml_plan(race), ends, RerunScope::unfinished, Fingerprints()),
            "r/b") == "its group succeeded without it in run r1");
}

TEST_CASE("what a rule has left out in a group that succeeded does not run") {
  const std::string yaml = "tasks: { g: { halt: 'soon,success=1', tasks: { a: x, b: x } }, c: x }";
  CHECK(resumed(yaml, {{"g", "g/a"}, {"c"}}) == "c");
  CHECK(resumed(yaml, {{"g/a"}, {"g", "c"}}) == "g/b c");
}

TEST_CASE("a rule about failures lets no group do without what it has stopped") {
  const std::string yaml =
      "halt: 'soon,fail=1'\ntasks: { a: x, b: { run: x, if: \"'1' == '1'\" }, c: x }";
  CHECK(resumed(yaml, {{"", "a"}, {}}) == "b c");
}

TEST_CASE("what needs a service that is not the same any more runs again") {
  const auto yaml = [](const std::string& build, const std::string& db) {
    return "tasks: { build: " + build + ", db: { run: " + db +
           ", service: true, needs: build }, t: { run: x, needs: { db: { condition: ready } } }, "
           "u: "
           "x }";
  };
  const Earlier all = {{"", "build", "db", "t", "u"}, {}};
  CHECK(edited(yaml("x", "x"), yaml("changed", "x"), all) == "build db t");
  CHECK(edited(yaml("x", "x"), yaml("x", "changed"), all) == "db t");
  CHECK(edited(yaml("x", "x"), yaml("x", "x"), all) == "");
}

TEST_CASE("of equal tasks as many are settled as have succeeded") {
  const auto two = [] {
    std::vector<Task> tasks(3);
    for (TaskId id = 0; id < 3; ++id) {
      tasks[id].id = id;
      tasks[id].is_group = id == 0;
      if (id == 0) continue;
      tasks[id].full_name = tasks[id].name = "same";
      tasks[id].run = Script{"x"};
      tasks[0].children.push_back(id);
    }
    return Plan(std::move(tasks));
  };
  PriorResults ends;
  ends.succeeded[Fingerprints().of(two().task(1))] = 1;
  ends.failed_names.insert("same");
  CHECK(running(mark_remaining_tasks(two(), ends, RerunScope::unfinished, Fingerprints())) ==
        "same");
  CHECK(running(mark_remaining_tasks(two(), ends, RerunScope::failed, Fingerprints())) == "same");
}

TEST_CASE("a task without a name is known by what it does, wherever it stands in the list") {
  const PriorResults ends = ends_of(yaml_plan("[x, y]"), {{"1"}, {"2"}});
  const std::string longer = "[new, x, y]";
  CHECK(running(mark_remaining_tasks(yaml_plan(longer), ends, RerunScope::failed,
                                     Fingerprints())) == "3");
  CHECK(running(mark_remaining_tasks(yaml_plan(longer), ends, RerunScope::unfinished,
                                     Fingerprints())) == "1 3");
}

TEST_CASE("what needs who has lost a race that was won does not run the race again") {
  CHECK(resumed("tasks: { r: { mode: race, tasks: { a: x, b: x } }, d: { needs: [r/b], run: x } }",
                {{"r", "r/a"}, {}}) == "d");
}

TEST_CASE("what runs again stands for nothing until it has ended") {
  const Plan before = yaml_plan("tasks: { a: x, b: { run: x, needs: a }, c: x }");
  const PriorResults ends = ends_of(before, {{"", "a", "b", "c"}, {}});
  const Plan plan =
      mark_remaining_tasks(yaml_plan("tasks: { a: changed, b: { run: x, needs: a }, c: x }"), ends,
                           RerunScope::unfinished, Fingerprints());
  const PriorResults still = remaining_results(ends, plan, Fingerprints());
  CHECK(still.succeeded.at(Fingerprints().of(before.task(2))) == 0);
  CHECK(still.succeeded.at(Fingerprints().of(before.task(3))) == 1);
}

TEST_CASE("what the file leaves out stays left out, whatever was before") {
  CHECK(resumed("tasks: { a: { run: x, if: 'false' }, b: x }", {}) == "a b");
  const Plan plan = yaml_plan("tasks: { a: { run: x, if: 'false' }, b: x }");
  CHECK(why(mark_remaining_tasks(plan, ends_of(plan, {{"b"}, {}}), RerunScope::failed,
                                 Fingerprints()),
            "a") == "runs");  // until its condition is looked at
}

TEST_CASE("each task says why it does not run") {
  const Plan plan = yaml_plan(
      "tasks: { a: x, b: x, c: x, db: { run: x, service: true }, d: { run: x, needs: { db: { "
      "condition: ready } } } }");
  const PriorResults ends = ends_of(plan, {{"a", "d"}, {"b"}});
  const Plan scope = mark_remaining_tasks(plan, ends, RerunScope::failed, Fingerprints());
  CHECK(why(scope, "a") == "succeeded in run r1");
  CHECK(why(scope, "b") == "runs");
  CHECK(why(scope, "c") == "did not fail in run r1");
  CHECK(why(scope, "db") == "nothing that runs again calls for it");
}

TEST_CASE("of a stream each success counts once, and failures go by name") {
  Task a, b, other;
  a.full_name = b.full_name = "same";
  a.run = b.run = Script{"x"};
  other.full_name = "other";
  other.run = Script{"y"};
  Fingerprints fingerprints;
  PriorResults ends;
  ends.id = "r1";
  ++ends.succeeded[fingerprints.of(a)];
  ends.failed_names.insert("other");
  RemainingTasks rest(ends, RerunScope::unfinished, Fingerprints());
  CHECK(rest.earlier_result(a)->succeeded);
  CHECK(rest.earlier_result(b) == nullptr);
  CHECK(rest.earlier_result(other) == nullptr);
  RemainingTasks failures(ends, RerunScope::failed, Fingerprints());
  CHECK(failures.earlier_result(a)->succeeded);
  CHECK(failures.earlier_result(b)->reason == "did not fail in run r1");
  CHECK(failures.earlier_result(other) == nullptr);
}

TEST_CASE("a large plan is marked in time: each task and group once") {
  std::vector<Task> tasks(40'003);
  for (TaskId id = 0; id < tasks.size(); ++id) {
    tasks[id].id = id;
    tasks[id].full_name = id == 0 ? "" : std::to_string(id);
    tasks[id].is_group = id <= 2;
    tasks[id].parent = id <= 2 ? 0 : 1 + id % 2;
    if (id > 0) tasks[tasks[id].parent].children.push_back(id);
    // The second group needs each task of the first.
    if (id > 2 && tasks[id].parent == 1) tasks[2].needs.push_back({id, Condition::success});
  }
  const Plan plan = mark_remaining_tasks(Plan(std::move(tasks)), PriorResults{},
                                         RerunScope::unfinished, Fingerprints());
  CHECK(plan.task(40'002).earlier_result == nullptr);
}
