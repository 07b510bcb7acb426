// SPDX-License-Identifier: Apache-2.0
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

TEST_CASE("an unknown need suggests the task beside it that is nearest") {
  CHECK(yaml_problems("tasks:\n  build: x\n  test: { run: x, needs: biuld }\n") ==
        Lines{"f:3:26: unknown task \"biuld\", did you mean \"build\"?"});
  CHECK(
      yaml_problems("tasks:\n  a: { run: x, needs: { qqq: {} } }\n") ==
      Lines{"f:2:25: unknown task \"qqq\"; name a task beside this one, or any by its full name"});
}

TEST_CASE("an unknown need suggests the full name of a task elsewhere") {
  const std::string lint = "tasks:\n  lint: { tasks: { format: x } }\n";
  CHECK(yaml_problems(lint + "  a: { run: x, needs: format }\n") ==
        Lines{"f:3:23: unknown task \"format\", did you mean \"lint/format\"?"});
  CHECK(yaml_problems(lint + "  a: { run: x, needs: lint/fromat }\n") ==
        Lines{"f:3:23: unknown task \"lint/fromat\", did you mean \"lint/format\"?"});
}

TEST_CASE("a task cannot need itself, its group or its own tasks") {
  CHECK(yaml_problems("tasks: { a: { run: x, needs: a } }") ==
        Lines{"f:1:30: a task cannot need itself"});
  CHECK(yaml_problems("tasks: { g: { tasks: { h: { tasks: { a: { run: x, needs: g } } } } } }") ==
        Lines{"f:1:58: \"g\" is the group this task is in; a task cannot need its own group"});
  CHECK(yaml_problems("tasks: { g: { needs: g/a, tasks: { a: x } } }") ==
        Lines{"f:1:22: \"g/a\" is inside this group; a group cannot need its own task"});
}

TEST_CASE("a cycle is printed whole, at the need of its first task") {
  CHECK(yaml_problems("tasks:\n"
                      "  a: { run: x, needs: b }\n"
                      "  b: { run: x, needs: [c] }\n"
                      "  c: { run: x, needs: { a: {} } }\n"
                      "  d: { run: x, needs: a }\n") ==
        Lines{"f:2:23: cycle: a needs b needs c needs a"});
}

TEST_CASE("cycles that have nothing to do with each other are all found") {
  CHECK(yaml_problems("tasks:\n"
                      "  a: { run: x, needs: b }\n"
                      "  b: { run: x, needs: a }\n"
                      "  c: { run: x, needs: d }\n"
                      "  d: { run: x, needs: c }\n") ==
        Lines{"f:2:23: cycle: a needs b needs a", "f:4:23: cycle: c needs d needs c"});
}

TEST_CASE("a need of a group is a need of all its tasks") {
  CHECK(yaml_problems(
            "tasks:\n"
            "  build: { run: x, needs: lint }\n"
            "  lint: { tasks: { deep: { tasks: { tidy: { run: x, needs: build } } } } }\n") ==
        Lines{"f:2:27: cycle: build needs lint, which has lint/deep/tidy, which needs build"});
}

TEST_CASE("what a group needs all its tasks wait for") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { needs: a, tasks: { h: { tasks: { b: x } } } }\n"
                      "  a: { run: x, needs: g/h/b }\n") ==
        Lines{"f:2:15: cycle: g needs a needs g/h/b, which is in g"});
  CHECK(yaml_problems("tasks:\n"
                      "  a: { run: x, needs: g/b }\n"
                      "  g: { needs: a, tasks: { b: x } }\n") ==
        Lines{"f:2:23: cycle: a needs g/b, which is in g, which needs a"});
}

TEST_CASE("an empty group passes needs on") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { needs: a, tasks: { a: x } }\n"
                      "  a: { run: x, needs: g }\n") ==
        Lines{"f:2:15: cycle: g needs a needs g, which has g/a, which is in g"});
}

TEST_CASE("siblings of a group may need one another, groups too") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { a: x, b: { run: x, needs: a } } }\n"
                      "  h: { needs: g, tasks: { a: { run: x, needs: g/a } } }\n"
                      "  i: { run: x, needs: [h, h/a, g/b] }\n")
            .empty());
}

TEST_CASE("a cycle beside an unknown need is still found") {
  CHECK(
      yaml_problems("tasks:\n"
                    "  a: { run: x, needs: [b, zzzzzz] }\n"
                    "  b: { run: x, needs: a }\n") ==
      Lines{
          "f:2:24: cycle: a needs b needs a",
          "f:2:27: unknown task \"zzzzzz\"; name a task beside this one, or any by its full name"});
}

TEST_CASE("a need says what it waits for: success unless it says otherwise") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  a: x\n"
      "  b: x\n"
      "  c: x\n"
      "  d: x\n"
      "  e:\n"
      "    run: x\n"
      "    needs:\n"
      "      a: { condition: success }\n"
      "      b: { condition: done, x-why: because }\n"
      "      c: { condition: started }\n"
      "      d: {}\n");
  CHECK(task_named(plan, "e").needs == std::vector<Need>{{1, Condition::success},
                                                         {2, Condition::done},
                                                         {3, Condition::started},
                                                         {4, Condition::success}});
}

TEST_CASE("a condition that does not exist is refused") {
  const auto with = [](const std::string& value) {
    return yaml_problems("tasks: { a: x, b: { run: x, needs: { a: " + value + " } } }");
  };
  CHECK(with("{ condition: succes }") ==
        Lines{"f:1:54: unknown condition \"succes\", did you mean \"success\"?"});
  CHECK(with("{ conditon: success }") ==
        Lines{"f:1:43: unknown key \"conditon\", did you mean \"condition\"?"});
  CHECK(with("{ qqqqqq: success }") == Lines{"f:1:43: unknown key \"qqqqqq\"; write condition"});
  CHECK(with("success") ==
        Lines{"f:1:41: \"a\" expects a map such as { condition: success }, found \"success\""});
  CHECK(
      with("{ condition: [] }") ==
      Lines{"f:1:54: \"condition\" expects success, done, started or ready, found an empty list"});
}

TEST_CASE("what needs a service waits until it is ready") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  db: { run: x, service: true }\n"
      "  a: { run: x, needs: db }\n"
      "  b: { run: x, needs: { db: { condition: ready } } }\n"
      "  c: { run: x, needs: { db: { condition: started } } }\n");
  CHECK(task_named(plan, "a").needs == std::vector<Need>{{1, Condition::ready}});
  CHECK(task_named(plan, "b").needs == std::vector<Need>{{1, Condition::ready}});
  CHECK(task_named(plan, "c").needs == std::vector<Need>{{1, Condition::started}});
}

TEST_CASE("nobody can wait for the end of a service") {
  for (const std::string condition : {"success", "done"}) {
    CHECK(yaml_problems("tasks: { s: { run: x, service: true }, a: { run: x, needs: { s: { "
                        "condition: " +
                        condition + " } } } }") ==
          Lines{"f:1:78: \"s\" is a service, which ends only when nothing needs it any more; write "
                "condition: ready or started"});
  }
}

TEST_CASE("only services and groups get ready, and groups have no start to wait for") {
  CHECK(yaml_problems("tasks: { s: x, a: { run: x, needs: { s: { condition: ready } } } }") ==
        Lines{"f:1:54: \"s\" is no service; write condition: started, success or done, or give it "
              "service: true"});
  const std::string group = "tasks: { s: { tasks: [x] }, a: { run: x, needs: { s: { condition: ";
  CHECK(yaml_problems(group + "started } } } }") ==
        Lines{"f:1:67: \"s\" is a group, which has no start of its own to wait for; name one of "
              "its tasks, or write condition: success, ready or done"});
  CHECK(yaml_problems(group + "ready } } } }").empty());
}

TEST_CASE("a task cannot be needed in two ways") {
  const std::string group = "tasks:\n  g:\n    tasks:\n      a: x\n      b: { run: x, needs: ";
  CHECK(yaml_problems(group + "{ a: { condition: done }, g/a: { condition: started } } }\n") ==
        Lines{"f:5:71: \"g/a\" is needed twice, here as started and as done before; keep one of "
              "them"});
  CHECK(yaml_problems(group + "{ a: { condition: done }, g/a: { condition: done } } }\n").empty());
}

TEST_CASE("who waits for a start is not part of a cycle of ends") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { a: { run: x, needs: { h/b: { condition: started } } } } }\n"
                      "  h: { tasks: { b: x, c: { run: x, needs: g } } }\n")
            .empty());
  CHECK(yaml_problems("tasks:\n"
                      "  a: { run: x, needs: { b: { condition: started } } }\n"
                      "  b: { run: x, needs: { a: { condition: started } } }\n") ==
        Lines{"f:2:25: cycle: a needs b needs a"});
}

TEST_CASE("a service that has to end before its last dependent can start is a cycle") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { db: { run: x, service: true }, a: x } }\n"
                      "  last: { run: x, needs: { g: { condition: done }, g/db: {} } }\n") ==
        Lines{"f:3:28: cycle: last needs g, which has g/db, which runs as long as last"});
  CHECK(
      yaml_problems("tasks:\n"
                    "  g: { tasks: { db: { run: x, service: true }, a: { run: x, needs: db } } }\n"
                    "  last: { run: x, needs: g }\n")
          .empty());
}

TEST_CASE("[F1.10] what needs a group ready does not wait for its services, which wait for it") {
  const std::string group = "tasks:\n  g: { tasks: { db: { run: x, service: true }, a: x } }\n";
  for (const char* needs : {"g", "[g, g/db]", "{ g: { condition: ready } }", "[g/a, g/db]"}) {
    INFO(needs);
    CHECK(yaml_problems(group + "  last: { run: x, needs: " + needs + " }\n").empty());
  }
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { db: { run: x, service: true }, in: { tasks: { a: { run: x, "
                      "needs: web } } } } }\n"
                      "  web: { run: x, needs: g }\n") ==
        Lines{"f:2:83: cycle: g/in/a needs web needs g, which has g/in/a"});
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { db: { run: x, service: true, needs: web } } }\n"
                      "  web: { run: x, needs: g }\n") ==
        Lines{"f:2:53: cycle: g/db needs web needs g, which has g/db"});
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { in: { tasks: { db: { run: x, service: true } } } } }\n"
                      "  web: { run: x, needs: { g: {}, g/in: { condition: done } } }\n") ==
        Lines{"f:3:34: cycle: web needs g/in, which has g/in/db, which runs as long as web"});
}

TEST_CASE("what runs after everything in its group cannot be needed by what runs before") {
  const std::string start = "tasks:\n  clean: { run: x, when: always }\n";
  const std::string why =
      "\"clean\" has when: always and needs nothing, so it runs after everything else in its "
      "group, ";
  CHECK(yaml_problems(start + "  a: { run: x, needs: clean }\n") ==
        Lines{"f:3:23: " + why + "this task too; give \"clean\" needs, or this task when: always"});
  CHECK(yaml_problems(start + "  g: { tasks: { a: { run: x, needs: clean } } }\n") ==
        Lines{"f:3:37: " + why + "\"g\" too; give \"clean\" needs, or \"g\" when: always"});
  CHECK(yaml_problems(start + "  a: { run: x, needs: clean, when: on_failure }\n").empty());
  CHECK(yaml_problems(start + "  g: { when: always, tasks: { a: { run: x, needs: clean } } }\n")
            .empty());
  CHECK(yaml_problems("tasks:\n"
                      "  clean: { run: x, when: always, needs: b }\n"
                      "  b: x\n"
                      "  a: { run: x, needs: clean }\n")
            .empty());
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { a: x, clean: { run: x, when: always } } }\n"
                      "  b: { run: x, needs: g/clean }\n")
            .empty());
}

TEST_CASE("waiting in a circle for a task that runs last is a cycle") {
  CHECK(yaml_problems("tasks:\n"
                      "  clean: { run: x, when: always }\n"
                      "  note: { run: x, when: always, needs: clean }\n"
                      "  a: { run: x, needs: note }\n") ==
        Lines{"f:3:40: cycle: note needs clean, which runs after a, which needs note"});
  CHECK(
      yaml_problems("tasks:\n"
                    "  g: { tasks: { a: { run: x, needs: b }, clean: { run: x, when: always } } }\n"
                    "  b: { run: x, needs: g/clean }\n") ==
      Lines{"f:2:37: cycle: g/a needs b needs g/clean, which runs after g/a"});
  CHECK(yaml_problems("tasks:\n"
                      "  db: { run: x, service: true }\n"
                      "  g: { when: always, tasks: { logs: { run: x, needs: db } } }\n")
            .size() == 1);
}

TEST_CASE(
    "a service that nothing needs runs as long as the work beside it, which may not wait for it") {
  CHECK(yaml_problems("tasks:\n"
                      "  g: { tasks: { db: { run: x, service: true }, a: x } }\n"
                      "  proxy: { run: x, service: true, needs: g/db }\n") ==
        Lines{"f:2:3: cycle: g, which has g/db, which runs as long as proxy, which runs as long as "
              "g"});
  CHECK(yaml_problems("tasks:\n"
                      "  db: { run: x, service: true }\n"
                      "  proxy: { run: x, service: true, needs: db }\n"
                      "  a: x\n")
            .empty());
}

TEST_CASE("a cycle of a hundred thousand tasks is found and cut in its middle") {
  std::string text = "tasks:\n";
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i) {
    text += "  t" + std::to_string(i) + ": { run: x, needs: t" + std::to_string((i + 1) % count) +
            " }\n";
  }
  const Lines problems = yaml_problems(text);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].starts_with("f:2:24: cycle: t0 needs t1 needs t2 "));
  CHECK(problems[0].find("needs t500 ... (99000 more) ... needs t99501 ") != std::string::npos);
  CHECK(problems[0].ends_with(" needs t99999 needs t0"));
}

TEST_CASE("many tasks that run last, beside many others, are checked in linear time") {
  std::string text = "tasks:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "- x\n- { run: x, when: always }\n";
  }
  CHECK(yaml_problems(text).empty());
}

TEST_CASE("a hundred thousand unknown needs are answered in bounded time") {
  std::string text = "tasks:\n";
  for (int i = 0; i < 100'000; ++i) {
    text += "  task" + std::to_string(i) + ": { run: x, needs: task" + std::to_string(i) + "x }\n";
  }
  const Lines problems = yaml_problems(text);
  CHECK(problems.size() == kProblemsMax + 1);
  CHECK(problems.front() == "f:2:27: unknown task \"task0x\", did you mean \"task1\"?");
}
