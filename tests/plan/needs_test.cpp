// SPDX-License-Identifier: Apache-2.0
#include "plan/read_support.h"
#include "support/catch.h"

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
                      "  g: { needs: a, tasks: {} }\n"
                      "  a: { run: x, needs: g }\n") == Lines{"f:2:15: cycle: g needs a needs g"});
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

TEST_CASE("only the condition success is available") {
  const auto with = [](const std::string& value) {
    return yaml_problems("tasks: { a: x, b: { run: x, needs: { a: " + value + " } } }");
  };
  CHECK(with("{ condition: success }").empty());
  for (const std::string later : {"done", "started", "ready"}) {
    CHECK(with("{ condition: " + later + " }") ==
          Lines{"f:1:54: condition \"" + later + "\" is not available yet"});
  }
  CHECK(with("{ condition: succes }") ==
        Lines{"f:1:54: unknown condition \"succes\", did you mean \"success\"?"});
  CHECK(with("{ conditon: success }") ==
        Lines{"f:1:43: unknown key \"conditon\", the only one here is \"condition\""});
  CHECK(with("success") ==
        Lines{"f:1:41: \"a\" expects a map such as { condition: success }, found \"success\""});
  CHECK(with("{ condition: [] }") == Lines{"f:1:54: \"condition\" expects success, found a list"});
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

TEST_CASE("a hundred thousand unknown needs are answered in bounded time") {
  std::string text = "tasks:\n";
  for (int i = 0; i < 100'000; ++i) {
    text += "  task" + std::to_string(i) + ": { run: x, needs: task" + std::to_string(i) + "x }\n";
  }
  const Lines problems = yaml_problems(text);
  CHECK(problems.size() == kProblemsMax + 1);
  CHECK(problems.front() == "f:2:27: unknown task \"task0x\", did you mean \"task1\"?");
}
