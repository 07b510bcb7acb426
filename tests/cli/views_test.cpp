// SPDX-License-Identifier: Apache-2.0
//
// What other programs make of graph, and schema; tests/cmd/commands has what is printed.
#include <fstream>
#include <iterator>

#include "support/cli.h"

namespace errand::test {
namespace {

TEST_CASE("Graphviz reads what graph prints, whatever the names are") {
  if (find_program("dot").empty()) {
    WARN("skipped: no dot");
    return;
  }
  CliTest test;
  test.write("ci.yaml", R"(
name: "}\\"
tasks:
  "say \"hi\"": { run: x, description: "\\\" ] ; }" }
  "\\": x
  "<b>&amp;": x
  "-> [x=y]": x
  "{|}": { needs: ["\\"], tasks: { "\\N\n": x, "deep": { tasks: { x: x } } } }
  graph: { run: x, needs: ["{|}"] }
)");
  const Ended end = test.run({"graph", "ci.yaml"});
  test.write("plan.dot", end.out);
  Call call{{}};
  call.prefix = {"sh", "-c", "exec dot -Tplain plan.dot"};
  const Ended drawn = test.run(call);
  CHECK(drawn.how() == "exit 0");
  CHECK(drawn.err.empty());
  for (const char* label : {R"("say \"hi\"")", R"("\\")", R"("<b>&amp;")", R"("-> [x=y]")"}) {
    CAPTURE(label);
    CHECK(contains(drawn.out, label));
  }
}

TEST_CASE("schema prints the schema of the task file, byte by byte") {
  CliTest test;
  const Ended end = test.run({"schema"});
  CHECK(end.how() == "exit 0");
  CHECK(end.err.empty());
  std::ifstream file(std::string(ERRAND_SOURCE_DIR) + "/schema/task-file.schema.json");
  CHECK(end.out == std::string(std::istreambuf_iterator(file), {}));
}

}  // namespace
}  // namespace errand::test
