// SPDX-License-Identifier: Apache-2.0
//
// errand graph: the plan of a file in each format; tests/plan/edit/graph_test.cpp has the drawing.
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/plans.h"

namespace errand::test {
namespace {

using cmd::GraphFormat;
using Json = nlohmann::json;

TEST_CASE("graph draws the file's plan, or just the named tasks and what they need") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(kFullPlan, {"graph"});
  const std::string whole = cmd::drawing(plan, GraphFormat::dot);
  CHECK(whole.starts_with("digraph \"ci\" {\n"));
  CHECK(contains(whole, "[label=\"db\\n(service)\", shape=component]"));
  CHECK(contains(whole, " -> t2 [label=ready];\n"));
  const Plan part = test.plan_of({"graph", "--format", "mermaid", "errand.yaml", "lint"});
  CHECK(cmd::drawing(part, GraphFormat::mermaid) ==
        "flowchart LR\n  subgraph t1[\"lint<br/>(race)\"]\n    t2[\"a\"]\n    t3[\"b\"]\n"
        "  end\n");
  const Json graph = Json::parse(cmd::drawing(plan, GraphFormat::json));
  CHECK(graph.at("tasks")[1].at("needs") == Json{{{"task", "db"}, {"condition", "ready"}},
                                                 {{"task", "lint"}, {"condition", "success"}}});
}

TEST_CASE("large plans are drawn") {
  CmdTest test;
  std::string yaml = "tasks:\n";
  for (int i = 0; i < 20000; ++i) {
    yaml += "  t" + std::to_string(i) + ": ";
    yaml += i == 0 ? "x\n" : "{ run: x, needs: [t" + std::to_string(i - 1) + "] }\n";
  }
  const Plan plan = test.plan_of_yaml(yaml, {"graph"});
  for (const GraphFormat format : {GraphFormat::dot, GraphFormat::mermaid, GraphFormat::json})
    CHECK(contains(cmd::drawing(plan, format), "t19999"));
}

TEST_CASE("graph says what it cannot draw, and what formats there are") {
  CmdTest test;
  CHECK(
      contains(refusal_of({"graph", "--format", "svg"}), "'svg' is not one of dot, mermaid, json"));
  test.write("tasks.jsonl", "\"x\"\n");
  const auto stream =
      cmd::read_whole_plan(command_of<cmd::GraphCommand>({"graph", "tasks.jsonl"}).input, "drawn");
  REQUIRE_FALSE(stream);
  CHECK(stream.error().lines == Words{"errand: a stream of tasks (JSON Lines) cannot be drawn"});
  test.write("bad.yaml", "tasks: { a: { runn: x } }");
  CHECK(test.problems_of({"graph", "bad.yaml"})[0].starts_with("bad.yaml:1:15: "));
}

}  // namespace
}  // namespace errand::test
