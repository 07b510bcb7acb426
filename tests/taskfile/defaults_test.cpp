// SPDX-License-Identifier: Apache-2.0
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

TEST_CASE("what defaults say each task gets that does not say it itself") {
  const Plan plan = yaml_plan(
      "timeout: 1h\n"
      "limits: { db: 1 }\n"
      "defaults: { timeout: 10m, retry: 2, locks: [db], tty: true }\n"
      "tasks:\n"
      "  a: x\n"
      "  b: { run: x, timeout: 1m, weight: 3 }\n"
      "  g: { tasks: { c: { run: x, retry: 0 } } }\n"
      "  m: { run: x, matrix: { n: [1] } }\n");
  CHECK(plan.root().timeout == Duration(1h));
  CHECK(task_named(plan, "a").timeout == Duration(10min));
  CHECK(task_named(plan, "a").policy->retry.count == 2);
  CHECK(task_named(plan, "b").timeout == Duration(1min));
  CHECK(task_named(plan, "b").policy->retry.count == 2);
  CHECK(task_named(plan, "b").policy->weight == 3);
  CHECK(task_named(plan, "b").policy->locks.size() == 1);
  CHECK_FALSE(task_named(plan, "g").timeout);
  CHECK_FALSE(task_named(plan, "g").policy->tty);
  CHECK(task_named(plan, "g/c").policy->retry.count == 0);
  CHECK(task_named(plan, "g/c").policy->tty);
  CHECK(task_named(plan, "g/c").timeout == Duration(10min));
  CHECK_FALSE(task_named(plan, "m").timeout);
  CHECK(task_named(plan, "m/1").policy->retry.count == 2);
}

TEST_CASE("tasks that only have what defaults say share it") {
  const Plan plan = yaml_plan("defaults: { retry: 1 }\ntasks: { a: x, b: { run: y, dir: z } }");
  CHECK(task_named(plan, "a").policy == task_named(plan, "b").policy);
}

TEST_CASE("what groups hand on goes from the run over defaults to the groups") {
  const Plan plan = yaml_plan(
      "grace: 1s\n"
      "env: { A: run }\n"
      "defaults: { grace: 2s, env: { B: defaults }, shell: [bash], dir: sub, slow_after: never }\n"
      "tasks:\n"
      "  a: x\n"
      "  g: { grace: 3s, shell: [zsh], tasks: { b: x, c: { run: x, grace: 4s, env: { B: own } } } "
      "}\n");
  CHECK(plan.root().grace == 1s);
  const Task a = task_named(plan, "a");
  CHECK(a.grace == 2s);
  CHECK(*a.shell == std::vector<std::string>{"bash"});
  CHECK(a.dir == "sub");
  CHECK_FALSE(a.slow_after);
  CHECK(*a.env == std::vector<EnvEntry>{{"A", "run"}, {"B", "defaults"}});
  CHECK(task_named(plan, "g/b").grace == 3s);
  CHECK(*task_named(plan, "g/b").shell == std::vector<std::string>{"zsh"});
  CHECK(task_named(plan, "g/c").grace == 4s);
  CHECK(task_named(plan, "g/c").env->back() == EnvEntry{"B", "own"});
}

TEST_CASE("expressions in defaults mean what they mean for the task") {
  const Plan plan = yaml_plan(
      "defaults: { key: x }\n"
      "tasks: [x]\n");
  CHECK(plan.root().name ==
        "unreadable: f:1:13: \"key\" cannot stand in \"defaults\"; write it "
        "where it counts");
  const Plan each = yaml_plan(
      "defaults: { stdin: '${{ env.NAME }}.txt', timeout: '${{ env.LIMIT }}' }\n"
      "env: { LIMIT: 5s }\n"
      "tasks: { a: { run: x, env: { NAME: a } }, b: { run: x, env: { NAME: b, LIMIT: 6s } } }\n");
  CHECK(task_named(each, "a").policy->input.path == "a.txt");
  CHECK(task_named(each, "b").policy->input.path == "b.txt");
  CHECK(task_named(each, "a").timeout == Duration(5s));
  CHECK(task_named(each, "b").timeout == Duration(6s));
}

TEST_CASE("services and interactive tasks do not get what they cannot have") {
  const Plan plan = yaml_plan(
      "defaults: { timeout: 10m, deadline: 20m, hedge: { delay: 1s }, tty: true, stdin: inherit,\n"
      "            retry: 1 }\n"
      "tasks: { s: { run: x, service: true }, i: { run: x, interactive: true },\n"
      "         t: { run: x, service: False }, v: { run: x, service: '${{ vars.no }}' } }\n"
      "vars: { no: false }\n");
  const Task service = task_named(plan, "s");
  CHECK_FALSE(service.timeout);
  CHECK_FALSE(service.policy->deadline);
  CHECK_FALSE(service.policy->hedge);
  CHECK(service.policy->retry.count == 1);
  const Task interactive = task_named(plan, "i");
  CHECK(interactive.timeout == Duration(10min));
  CHECK_FALSE(interactive.policy->tty);
  CHECK(interactive.policy->input.kind == Input::Kind::null);
  CHECK(task_named(plan, "t").timeout == Duration(10min));
  CHECK(task_named(plan, "v").timeout == Duration(10min));
}

TEST_CASE("what is wrong in defaults is told there, once") {
  CHECK(yaml_problems("defaults: { retry: x, locks: [no], weigth: 1, needs: a }\n"
                      "tasks: { a: x, b: { run: y, weight: 2 }, c: { run: z, tty: true } }") ==
        Lines{"f:1:20: retry: \"x\" is not a whole number from 0 to 1000000",
              "f:1:31: unknown lock \"no\"; give it a count in \"limits\" at the top of the file",
              "f:1:36: unknown key \"weigth\", did you mean \"weight\"?",
              "f:1:47: \"needs\" cannot stand in \"defaults\"; write it where it counts"});
  CHECK(yaml_problems("defaults: [a]\ntasks: [x]") ==
        Lines{"f:1:11: \"defaults\" expects a map such as { timeout: 10m }, found a list"});
  CHECK(yaml_problems("defaults:\ntasks: [x]").empty());
}

TEST_CASE("every key that makes a task the one it is is refused in defaults") {
  for (const std::string key :
       {"name", "description", "run", "cmds", "tasks", "needs", "if", "when", "matrix", "key",
        "service", "ready", "mode", "jobs", "vars", "version", "limits", "defaults"}) {
    CAPTURE(key);
    CHECK(yaml_problems("defaults: { " + key + ": x }\ntasks: [x]") ==
          Lines{"f:1:13: \"" + key + "\" cannot stand in \"defaults\"; write it where it counts"});
  }
}

TEST_CASE("large defaults are not copied without end") {
  std::string text = "limits: { l0: 1";
  std::string locks = "l0";
  for (int i = 1; i < 5'000; ++i) {
    text += ", l" + std::to_string(i) + ": 1";
    locks += ", l" + std::to_string(i);
  }
  text += " }\ndefaults: { locks: [" + locks + "] }\ntasks:\n";
  for (int i = 0; i < 5'000; ++i) text += "- { run: x, weight: 2 }\n";
  const Lines problems = yaml_problems(text);
  REQUIRE(!problems.empty());
  CHECK(problems[0].ends_with("of this file make too much of it; let them repeat less"));
}
