// SPDX-License-Identifier: Apache-2.0
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// The names of the tasks that a matrix makes.
Lines combinations(const std::string& matrix) {
  const Plan plan = yaml_plan("tasks: { t: { run: x, matrix: " + matrix + " } }");
  Lines names;
  for (const TaskId id : task_named(plan, "t").children) names.push_back(plan.task(id).name);
  return names;
}

Lines wrong(const std::string& matrix) {
  return yaml_problems("tasks: { t: { run: x, matrix: " + matrix + " } }");
}

std::string variables(const Task& task) {
  std::string all;
  for (const auto& [name, value] : *task.env) all += name + "=" + value.value_or("(unset)") + " ";
  return all;
}

}  // namespace

TEST_CASE("a matrix makes a group of its task, with a task for each combination") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  test:\n"
      "    matrix: { shard: [1, 2], san: [asan, tsan] }\n"
      "    run: ctest\n"
      "    timeout: 3m\n"
      "    retry: 2\n");
  const Task group = task_named(plan, "test");
  CHECK(group.is_group);
  CHECK(std::holds_alternative<std::monostate>(group.run));
  CHECK_FALSE(group.timeout);
  CHECK(group.children == std::vector<TaskId>{2, 3, 4, 5});
  CHECK(group.position.line == 2);
  const Task child = task_named(plan, "test/1,tsan");
  CHECK(child.id == 3);
  CHECK_FALSE(child.is_group);
  CHECK(script_of(child) == "ctest");
  CHECK(child.timeout == Duration(3min));
  CHECK(child.policy->retry.count == 2);
  CHECK(child.position.line == 2);
  CHECK(variables(child) == "MATRIX_SHARD=1 MATRIX_SAN=tsan ");
}

TEST_CASE("the group keeps name, description, needs, when and what groups have") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  a: x\n"
      "  t:\n"
      "    name: test\n"
      "    description: all of them\n"
      "    needs: [a]\n"
      "    when: always\n"
      "    mode: race\n"
      "    jobs: 2\n"
      "    halt: \"now,success=1\"\n"
      "    rate: 5/s\n"
      "    breaker: { failures: 2 }\n"
      "    matrix: { n: [1] }\n"
      "    run: x\n"
      "  last: { run: x, needs: [test] }\n");
  const Task group = task_named(plan, "test");
  CHECK(group.description == "all of them");
  CHECK(group.needs == needs({1}));
  CHECK(group.policy->when == When::always);
  CHECK(group.mode == Mode::race);
  CHECK(group.jobs->value == 2);
  CHECK(format(*group.policy->halt) == "now,success=1");
  CHECK(group.policy->rate->count == 5);
  CHECK(group.policy->breaker->failures == 2);
  const Task child = task_named(plan, "test/1");
  CHECK(child.description.empty());
  CHECK(child.needs.empty());
  CHECK(child.policy->when == When::on_success);
  CHECK(task_named(plan, "last").needs == needs({2}));
}

TEST_CASE("a matrix is an errgroup, and an aggregate in an aggregate") {
  const Plan plan = yaml_plan(
      "mode: race\n"
      "tasks:\n"
      "  a: { run: x, matrix: { n: [1] } }\n"
      "  g: { mode: aggregate, tasks: { b: { run: x, matrix: { n: [1] } },\n"
      "                                 c: { run: x, matrix: { n: [1] }, mode: errgroup } } }\n");
  CHECK(task_named(plan, "a").mode == Mode::errgroup);
  CHECK(task_named(plan, "g/b").mode == Mode::aggregate);
  CHECK(task_named(plan, "g/c").mode == Mode::errgroup);
}

TEST_CASE("a task of a matrix can be needed by its full name") {
  const Plan plan =
      yaml_plan("tasks: { t: { run: x, matrix: { n: [1, 2] } }, a: { run: x, needs: [t/2] } }");
  CHECK(task_named(plan, "a").needs == needs({3}));
}

TEST_CASE("values are text as written, and what names cannot have is replaced") {
  CHECK(combinations("{ v: [1.50, true, 'a b', a/b, '', 0x1F] }") ==
        Lines{"1.50", "true", "a b", "a_b", "-", "0x1F"});
  const Plan plan = yaml_plan("- { run: x, matrix: { os-name: [a/b] } }");
  CHECK(variables(plan.task(2)) == "MATRIX_OS_NAME=a/b ");
}

TEST_CASE("equal values are told apart by numbers") {
  CHECK(combinations("{ v: [a, a, 'a#2', a/b, a_b] }") ==
        Lines{"a", "a#2", "a#2#2", "a_b", "a_b#2"});
}

TEST_CASE("long values are cut in names, at a character's end") {
  const std::string umlauts = [] {
    std::string text;
    for (int i = 0; i < 150; ++i) text += "\xC3\xA4";
    return text;
  }();
  const Lines names = combinations("{ v: [" + umlauts + ", x" + umlauts + "] }");
  REQUIRE(names.size() == 2);
  CHECK(names[0] == umlauts.substr(0, 200) + "...");
  CHECK(names[1] == "x" + umlauts.substr(0, 198) + "...");
}

TEST_CASE("exclude takes out what it matches in part") {
  CHECK(combinations("{ a: [1, 2], b: [x, y], exclude: [{ a: 1, b: y }] }") ==
        Lines{"1,x", "2,x", "2,y"});
  CHECK(combinations("{ a: [1, 2], b: [x, y], exclude: [{ a: 1 }] }") == Lines{"2,x", "2,y"});
  CHECK(combinations("{ a: [1, 2], exclude: [{ a: 3 }, {}] }") == Lines{"1", "2"});
}

// The example of GitHub Actions' manual.
TEST_CASE("include extends combinations that it does not change, or adds one") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  t:\n"
      "    run: x\n"
      "    matrix:\n"
      "      fruit: [apple, pear]\n"
      "      animal: [cat, dog]\n"
      "      include:\n"
      "        - { color: green }\n"
      "        - { color: pink, animal: cat }\n"
      "        - { fruit: apple, shape: circle }\n"
      "        - { fruit: banana }\n"
      "        - { fruit: banana, animal: cat }\n");
  Lines all;
  for (const TaskId id : task_named(plan, "t").children) {
    all.push_back(plan.task(id).name + ": " + variables(plan.task(id)));
  }
  CHECK(all ==
        Lines{"apple,cat,pink,circle: MATRIX_FRUIT=apple MATRIX_ANIMAL=cat MATRIX_COLOR=pink "
              "MATRIX_SHAPE=circle ",
              "apple,dog,green,circle: MATRIX_FRUIT=apple MATRIX_ANIMAL=dog "
              "MATRIX_COLOR=green MATRIX_SHAPE=circle ",
              "pear,cat,pink: MATRIX_FRUIT=pear MATRIX_ANIMAL=cat MATRIX_COLOR=pink ",
              "pear,dog,green: MATRIX_FRUIT=pear MATRIX_ANIMAL=dog MATRIX_COLOR=green ",
              "banana: MATRIX_FRUIT=banana ",
              "banana,cat: MATRIX_FRUIT=banana MATRIX_ANIMAL=cat "});
}

TEST_CASE("a matrix may consist of what is included") {
  CHECK(combinations("{ include: [{ a: 1, b: 2 }, { a: 3 }] }") == Lines{"1,2", "3"});
}

TEST_CASE("what is excluded can be included again") {
  CHECK(combinations("{ a: [1, 2], exclude: [{ a: 1 }], include: [{ a: 1, b: x }] }") ==
        Lines{"2", "1,x"});
}

TEST_CASE("what is wrong in a matrix stands where it is") {
  CHECK(wrong("[1]") ==
        Lines{"f:1:31: \"matrix\" expects a map of lists such as { os: [linux, macos] }, found a "
              "list"});
  CHECK(wrong("{ a: 1 }") == Lines{"f:1:36: \"a\" expects a list of values, found 1"});
  CHECK(wrong("{ a: [] }") == Lines{"f:1:36: \"a\" expects a list of values, found an empty list"});
  CHECK(wrong("{ a: [1, [2], ~] }") ==
        Lines{"f:1:40: \"a\" expects texts, numbers, true or false, found a list",
              "f:1:45: \"a\" expects texts, numbers, true or false, found nothing"});
  CHECK(wrong("{}") == Lines{"f:1:23: the matrix has no combinations"});
  CHECK(wrong("{ a: [1], exclude: [{ a: 1 }] }") ==
        Lines{"f:1:23: the matrix has no combinations"});
  CHECK(wrong("{ shard: [1], exclude: [{ shrad: 1 }] }") ==
        Lines{"f:1:57: the matrix has no list \"shrad\", did you mean \"shard\"?"});
  CHECK(wrong("{ a: [1], include: { a: 2 } }") ==
        Lines{"f:1:50: \"include\" expects a list of maps, found a map"});
  CHECK(wrong("{ a: [1], include: [{ b: [] }] }") ==
        Lines{"f:1:56: \"b\" expects a text or a number, found an empty list"});
  CHECK(wrong("{ a b: [1] }") ==
        Lines{"f:1:33: \"a b\" cannot be a variable of a matrix; use letters, digits, _ and -, a "
              "letter first"});
  CHECK(wrong("{ a-b: [1], a_b: [2] }") ==
        Lines{"f:1:43: \"a_b\" and \"a-b\" would both be MATRIX_A_B in the environment; rename one "
              "of them"});
}

TEST_CASE("a mistake in a task of a matrix is told once") {
  CHECK(yaml_problems("- { run: x, matrix: { a: [1, 2, 3] }, weight: 0 }") ==
        Lines{"f:1:47: weight: \"0\" is not a whole number from 1 to 1000000"});
  CHECK(yaml_problems("tasks: { t: { matrix: { a: [1, 2] } } }") ==
        Lines{"f:1:13: \"t\" has nothing to do; give it \"run\" or \"tasks\""});
}

TEST_CASE("a matrix has at most a thousand combinations") {
  const auto list = [](int count) {
    std::string text = "[0";
    for (int i = 1; i < count; ++i) text += ", " + std::to_string(i);
    return text + "]";
  };
  CHECK(combinations("{ a: " + list(1000) + " }").size() == 1000);
  const Lines many = {"f:1:23: the matrix has more than 1000 combinations; split it into several"};
  CHECK(wrong("{ a: " + list(1001) + " }") == many);
  CHECK(wrong("{ a: " + list(40) + ", b: " + list(40) + " }") == many);
  CHECK(wrong("{ a: " + list(1000) + ", include: [{ a: x }] }") == many);
  std::string axes;
  for (int i = 0; i < 60; ++i) axes += (i ? ", v" : "v") + std::to_string(i) + ": [1, 2, 3]";
  CHECK(wrong("{ " + axes + " }") == many);
  std::string more;
  for (int i = 0; i < 200; ++i) more += (i ? ", v" : "v") + std::to_string(i) + ": [1]";
  CHECK(wrong("{ " + more + " }") == Lines{"f:1:23: the matrix has more than 100 variables"});
}
