// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/yaml_reader.h"

#include "errand/taskfile/syntax/yaml_scalar.h"
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace errand::task_file;

TEST_CASE("plain scalars follow YAML 1.2's core schema") {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) {
    CAPTURE(text);
    CHECK(resolve_plain_scalar(text) == NodeKind::null);
  }
  for (const char* text : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    CAPTURE(text);
    CHECK(resolve_plain_scalar(text) == NodeKind::boolean);
  }
  for (const char* text : {"0", "-1", "+12", "007", "0o17", "0xFf", "1.", ".5", "-1.5e+3", "1E5",
                           ".inf", "-.Inf", ".nan"}) {
    CAPTURE(text);
    CHECK(resolve_plain_scalar(text) == NodeKind::number);
  }
  for (const char* text : {"yes", "no", "on", "off", "y", "nUll", "tRue", "0x", "0o8", "1_000",
                           "1:30", ".", "e5", "1e", "-", "+.nan", "0b1", "12e03x"}) {
    CAPTURE(text);
    CHECK(resolve_plain_scalar(text) == NodeKind::text);
  }
}

TEST_CASE("quoted scalars are text, whatever they look like") {
  CHECK(yaml_plan("- { run: x, env: { A: 'null', B: \"~\" } }").task(1).env->size() == 2);
  CHECK(task_named(yaml_plan("- { run: x, env: { A: 'null' } }"), "1").env->front().second ==
        "null");
}

TEST_CASE("core tags are understood") {
  const Plan plan = yaml_plan(
      "tasks: !!map\n  a: !!str true\n  b: !!seq [x, !!int 5]\n"
      "  c: { run: x, env: { A: !!str null, B: !!null null, C: !!bool true, D: !!float 1.5, E: ! ~ "
      "} }\n");
  CHECK(script_of(task_named(plan, "a")) == "true");
  CHECK(argv_of(task_named(plan, "b")) == Argv{"x", "5"});
  CHECK(*task_named(plan, "c").env ==
        std::vector<EnvEntry>{
            {"A", "null"}, {"B", std::nullopt}, {"C", "true"}, {"D", "1.5"}, {"E", "~"}});
}

TEST_CASE("anchors and aliases repeat scalars, lists and maps") {
  const Plan plan = yaml_plan(
      "x-env: &env { A: 1 }\n"
      "x-run: &run [make, all]\n"
      "tasks:\n"
      "  &n a: { run: *run, env: *env }\n"
      "  b: { run: &s x, needs: *n }\n"
      "  c: *s\n");
  CHECK(argv_of(task_named(plan, "a")) == Argv{"make", "all"});
  CHECK(*task_named(plan, "a").env == std::vector<EnvEntry>{{"A", "1"}});
  CHECK(task_named(plan, "b").needs == needs({1}));
  CHECK(script_of(task_named(plan, "c")) == "x");
}

TEST_CASE("merge keys bring in what the map does not have itself") {
  const Plan plan = yaml_plan(
      "x-a: &a { timeout: 1s, grace: 1s, dir: a }\n"
      "x-b: &b { <<: *a, dir: b, shell: [b] }\n"
      "tasks:\n"
      "  one: { <<: *a, run: x, dir: own }\n"
      "  two: { run: x, <<: [*b, { shell: [c], kill_signal: 9 }] }\n");
  const Task one = task_named(plan, "one");
  CHECK(one.timeout == Duration(std::chrono::seconds(1)));
  CHECK(one.dir == "own");
  const Task two = task_named(plan, "two");
  CHECK(two.dir == "b");
  CHECK(two.grace == std::chrono::seconds(1));
  CHECK(*two.shell == std::vector<std::string>{"b"});
  CHECK(two.kill_signal == 9);
}

TEST_CASE("a merge key takes maps only") {
  CHECK(yaml_problems("- { run: x, <<: 5 }") ==
        Lines{"f:1:17: \"<<\" expects a map or a list of maps, found a number"});
  CHECK(yaml_problems("- { run: x, <<: [a] }") ==
        Lines{"f:1:18: \"<<\" expects a map or a list of maps, found text"});
  CHECK(yaml_problems("- { run: x, '<<': {} }").size() == 1);
  CHECK(json_problems("[{\"run\": \"x\", \"<<\": {}}]").size() == 1);
}

TEST_CASE("a mistake below an anchor is told once") {
  CHECK(yaml_problems("x-a: &a { run: x, weight: 0 }\ntasks: { a: *a, b: *a, c: { <<: *a } }\n") ==
        Lines{"f:1:27: weight: \"0\" is not a whole number from 1 to 1000000"});
}
