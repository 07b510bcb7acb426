// SPDX-License-Identifier: Apache-2.0
//
// errand check: what it says of a file and of a stream.
#include "cmd/commands/commands.h"
#include "cmd/plans.h"

namespace errand::test {
namespace {

// The one line, or a line for each problem.
Words checked(CmdTest& test, const Words& words) {
  const std::expected<cmd::Input, cmd::InputError> input = test.read(words);
  if (!input) return input.error().lines;
  const std::expected<std::string, cmd::InputError> line = cmd::check_input(*input);
  return line ? Words{*line} : line.error().lines;
}

TEST_CASE("check tells of a good file what is in it and starts nothing") {
  CmdTest test;
  test.write("ci.yaml", kSmallPlan);
  CHECK(checked(test, {"check", "ci.yaml"}) == Words{"ci.yaml: ok, 4 tasks in 1 group\n"});
  CHECK_FALSE(test.exists("started"));
  const StandardInput in(kSmallPlan);
  CHECK(checked(test, {"check", "-"}) == Words{"<stdin>: ok, 4 tasks in 1 group\n"});
}

TEST_CASE("check counts tasks and groups") {
  CmdTest test;
  test.write("ci.yaml", "tasks: { a: x }");
  CHECK(checked(test, {"check", "ci.yaml"}) == Words{"ci.yaml: ok, 1 task\n"});
  test.write("ci.yaml", "tasks: { g: { tasks: { a: x } }, h: { tasks: { b: x } } }");
  CHECK(checked(test, {"check", "ci.yaml"}) == Words{"ci.yaml: ok, 2 tasks in 2 groups\n"});
}

TEST_CASE("check looks at every line of a stream") {
  CmdTest test;
  test.write("tasks.jsonl", "\"x\"\n{\"runn\": 1}\n[\"y\"]\n{\n");
  const Words problems = checked(test, {"check", "tasks.jsonl"});
  CHECK(problems.front().starts_with("tasks.jsonl:2:2: "));
  CHECK(problems.back().starts_with("tasks.jsonl:4:"));
  test.write("tasks.jsonl", "\"x\"\n\n[\"y\"]\n");
  CHECK(checked(test, {"check", "tasks.jsonl"}) == Words{"tasks.jsonl: ok, 2 tasks\n"});
  test.write("tasks.jsonl", "\"x\"\n[\"y\"]");
  CHECK(checked(test, {"check", "tasks.jsonl"}) == Words{"tasks.jsonl: ok, 2 tasks\n"});
}

}  // namespace
}  // namespace errand::test
