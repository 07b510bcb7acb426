// SPDX-License-Identifier: Apache-2.0
//
// The commands that show a plan: list, graph, run -n; and schema.
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

using Json = nlohmann::json;

const std::string kPlan = R"(
name: ci
limits: { db: 2 }
env: { LANG: C }
tasks:
  db: { run: serve, service: true, ready: { tcp: "localhost:5432" } }
  test:
    description: All tests
    needs: { db: { condition: ready }, lint: }
    run: ./run-tests "$LANG"
    timeout: 3m
    deadline: 10m
    retry: { count: 2, delay: 500ms, on_exit: [75], on_timeout: false }
    hedge: { delay: 2s }
    locks: [db]
    weight: 2
    key: tests
    env: { A: b, LANG: null }
    stdin: input.txt
    nice: 5
    rlimit: { nofile: 1024, core: unlimited }
    max_memory: 512M
  lint: { mode: race, jobs: 50%, halt: "soon,fail=3", rate: 10/m, breaker: { failures: 3 }, tasks: { a: x, b: [y, z] } }
  deploy: { cmds: [make, [make, install], "make clean; true"], if: "env.CI == 'sure'" }
  cleanup: { run: rm -rf scratch, when: always, allow_failure: { exit_codes: [1] }, grace: 1s }
)";

Json list_json(CliTest& test, const std::string& yaml) {
  test.write("ci.yaml", yaml);
  const Ended end = test.run({"list", "--json", "ci.yaml"});
  REQUIRE(end.how() == "exit 0");
  return Json::parse(end.out);
}

Json task_of(const Json& list, const std::string& name) {
  for (const Json& task : list.at("tasks")) {
    if (task.at("name") == name) return task;
  }
  FAIL("no task " << name);
  return {};
}

// The lines below a task's own in a dry run.
std::vector<std::string> details(const std::string& out, const std::string& name) {
  std::vector<std::string> found;
  std::size_t indent = 0;
  for (const std::string& line : lines_of(out)) {
    const std::size_t own = line.find_first_not_of(' ');
    if (line.substr(own).starts_with(name + ": ")) {
      indent = own + 4;
    } else if (indent != 0 && own == indent) {
      found.push_back(line.substr(own));
    } else if (indent != 0) {
      break;
    }
  }
  return found;
}

using Lines = std::vector<std::string>;

TEST_CASE("list marks services, what runs last and what does not run") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  CHECK(test.run({"list", "ci.yaml"}).out ==
        "db       [service]\n"
        "test     All tests  (needs db (ready), lint)\n"
        "lint/    race\n"
        "  a\n"
        "  b\n"
        "deploy   [excluded, if: env.CI == 'sure']\n"
        "cleanup  [always]\n");
}

TEST_CASE("list aligns what stands beside wide names") {
  CliTest test;
  test.write("ci.yaml",
             "tasks:\n  日本: { run: x, description: wide }\n  abcd: { run: x, "
             "description: narrow }\n");
  CHECK(test.run({"list", "ci.yaml"}).out == "日本  wide\nabcd  narrow\n");
}

TEST_CASE("list --json has every setting that differs from its default, seconds as numbers") {
  CliTest test;
  const Json list = list_json(test, kPlan);
  CHECK(list.at("version") == 1);
  CHECK(list.at("limits") == Json{{"db", 2}});
  CHECK(list.at("env") == Json{{"LANG", "C"}});
  CHECK(task_of(list, "test") ==
        Json{{"name", "test"},
             {"description", "All tests"},
             {"group", false},
             {"needs", {"db", "lint"}},
             {"conditions", {{"db", "ready"}, {"lint", "success"}}},
             {"run", "./run-tests \"$LANG\""},
             {"env", {{"A", "b"}, {"LANG", nullptr}}},
             {"timeout", 180.0},
             {"deadline", 600.0},
             {"retry",
              {{"count", 2},
               {"delay", 0.5},
               {"backoff", "exponential"},
               {"multiplier", 2.0},
               {"max_delay", 30.0},
               {"jitter", "full"},
               {"on_exit", {75}},
               {"on_timeout", false}}},
             {"hedge", {{"delay", 2.0}, {"max_attempts", 2}, {"non_fatal_exit", "any"}}},
             {"locks", {{"db", 1}}},
             {"weight", 2},
             {"key", "tests"},
             {"stdin", "input.txt"},
             {"nice", 5},
             {"rlimit", {{"nofile", 1024}, {"core", "unlimited"}}},
             {"max_memory", 512 * 1024 * 1024}});
  CHECK(task_of(list, "lint") == Json{{"name", "lint"},
                                      {"group", true},
                                      {"mode", "race"},
                                      {"jobs", "50%"},
                                      {"needs", Json::array()},
                                      {"env", {{"LANG", "C"}}},
                                      {"halt", "soon,fail=3"},
                                      {"rate", "10/m"},
                                      {"breaker", {{"failures", 3}, {"delay", 30.0}}}});
  CHECK(task_of(list, "db").at("ready") == Json{{"tcp", "localhost:5432"}, {"timeout", 60.0}});
  CHECK(task_of(list, "deploy").at("cmds") ==
        Json{"make", Json{"make", "install"}, "make clean; true"});
  CHECK(task_of(list, "deploy").at("excluded") == "if: env.CI == 'sure'");
  CHECK(task_of(list, "cleanup").at("when") == "always");
  CHECK(task_of(list, "cleanup").at("allow_failure") == Json{{"exit_codes", {1}}});
}

TEST_CASE("list --json says no more of a task that says nothing itself") {
  CliTest test;
  const Json list = list_json(test, "tasks: { a: x }");
  CHECK(task_of(list, "a") ==
        Json{{"name", "a"}, {"group", false}, {"needs", Json::array()}, {"run", "x"}});
}

TEST_CASE("a dry run shows every setting that differs from its default") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const Ended end = test.run({"run", "-n", "--jobs", "3", "--timeout", "1h", "ci.yaml"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out.starts_with("ci: errgroup, jobs 3, timeout 1h\n    env LANG=C\n    limits db 2\n"));
  CHECK(details(end.out, "test") ==
        Lines{"shell sh -ec", "needs db (ready), lint", "env A=b, LANG unset", "timeout 3m",
              "deadline 10m",
              "retry count 2, delay 500ms, backoff exponential, multiplier 2.0, max_delay 30s, "
              "jitter full, on_exit [75], on_timeout false",
              "hedge delay 2s, max_attempts 2, non_fatal_exit any", "locks db 1", "weight 2",
              "key tests", "stdin input.txt", "nice 5", "rlimit nofile 1024, core unlimited",
              "max_memory 512M"});
  CHECK(contains(end.out, "  lint: race, jobs 50%\n"));
  CHECK(details(end.out, "lint") ==
        Lines{"halt soon,fail=3", "rate 10/m", "breaker failures 3, delay 30s"});
  CHECK(details(end.out, "db") ==
        Lines{"no shell", "service", "ready tcp localhost:5432, timeout 1m"});
  CHECK(details(end.out, "cleanup") ==
        Lines{"no shell", "when always", "grace 1s", "allow_failure exit_codes [1]"});
  CHECK(test.names() == Lines{"ci.yaml"});
}

TEST_CASE("a dry run tells which scripts need a shell") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const std::string out = test.run({"run", "-n", "ci.yaml"}).out;
  CHECK(details(out, "deploy") == Lines{"then [make, install]", "then make clean; true",
                                        "shell sh -ec", "excluded if: env.CI == 'sure'"});
  CHECK(contains(out, "  deploy: make  (no shell)\n"));
  CHECK(details(out, "b").empty());
  test.write("bash.yaml", "shell: [bash, -euc]\ntasks: { a: make }");
  CHECK(details(test.run({"run", "-n", "bash.yaml"}).out, "a") == Lines{"shell bash -euc"});
}

TEST_CASE("a dry run shows variables at the outermost task that has them") {
  CliTest test;
  test.write(
      "ci.yaml",
      "env: { A: 1 }\ntasks: { g: { env: { B: 2 }, tasks: { t: { run: x, env: { B: 2, A: 3 } "
      "} } } }");
  const std::string out = test.run({"run", "-n", "ci.yaml"}).out;
  CHECK(details(out, "g") == Lines{"env B=2"});
  CHECK(details(out, "t") == Lines{"no shell", "env A=3"});
}

TEST_CASE("no command that shows a plan shows a secret") {
  CliTest test;
  test.write("ci.yaml", R"(
secrets: [TOKEN]
env: { TOKEN: hunter2, ALSO: "x-hunter2-y" }
tasks:
  a hunter2:
    description: uses hunter2
    run: [login, "${{ env.TOKEN }}"]
    dir: /tmp/hunter2
    key: hunter2
    if: env.TOKEN == 'hunter2!'
  login: { run: "login ${{ env.TOKEN }} # {", needs: [a hunter2], shell: [sh, -c, hunter2] }
)");
  for (const Lines& args :
       {Lines{"list"}, Lines{"list", "--json"}, Lines{"graph"}, Lines{"graph", "--format=mermaid"},
        Lines{"graph", "--format=json"}, Lines{"run", "-n"}}) {
    CAPTURE(args);
    Lines words = args;
    words.emplace_back("ci.yaml");
    const Ended end = test.run(words);
    CHECK(end.how() == "exit 0");
    CHECK((contains(end.out, "***") || contains(end.out, "#42;#42;#42;")));
    CHECK_FALSE(contains(end.out, "hunter2"));
  }
}

TEST_CASE("what is shown cannot steer a terminal") {
  CliTest test;
  test.write("ci.yaml", R"(
tasks:
  "a\e[31m": { run: "echo \e[2J", description: "b\nc\e]0;x\a", env: { "E\e": "\e[0m" } }
)");
  for (const Lines& args : {Lines{"list"}, Lines{"graph"}, Lines{"graph", "--format=mermaid"},
                            Lines{"run", "-n"}, Lines{"list", "--json"}}) {
    CAPTURE(args);
    Lines words = args;
    words.emplace_back("ci.yaml");
    CHECK_FALSE(contains(test.run(words).out, "\x1b"));
  }
}

TEST_CASE("graph draws the file's plan, or just the named tasks and what they need") {
  CliTest test;
  test.write("errand.yaml", kPlan);
  const Ended whole = test.run({"graph"});
  CHECK(whole.how() == "exit 0");
  CHECK(whole.out.starts_with("digraph \"ci\" {\n"));
  CHECK(contains(whole.out, "[label=\"db\\n(service)\", shape=component]"));
  CHECK(contains(whole.out, " -> t2 [label=ready];\n"));
  const std::string part = test.run({"graph", "--format", "mermaid", "errand.yaml", "lint"}).out;
  CHECK(part ==
        "flowchart LR\n  subgraph t1[\"lint<br/>(race)\"]\n    t2[\"a\"]\n    t3[\"b\"]\n"
        "  end\n");
  const Json graph = Json::parse(test.run({"graph", "--format", "json"}).out);
  CHECK(graph.at("tasks")[1].at("needs") == Json{{{"task", "db"}, {"condition", "ready"}},
                                                 {{"task", "lint"}, {"condition", "success"}}});
}

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
  "{|}": { needs: ["\\"], tasks: { "\\N\n": x, "deep": { tasks: {} } } }
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

TEST_CASE("large plans are drawn") {
  CliTest test;
  std::string yaml = "tasks:\n";
  for (int i = 0; i < 20000; ++i) {
    yaml += "  t" + std::to_string(i) + ": ";
    yaml += i == 0 ? "x\n" : "{ run: x, needs: [t" + std::to_string(i - 1) + "] }\n";
  }
  test.write("big.yaml", yaml);
  for (const char* format : {"dot", "mermaid", "json"}) {
    CAPTURE(format);
    const Ended end = test.run({"graph", "--format", format, "big.yaml"});
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "t19999"));
  }
}

TEST_CASE("graph says what it cannot draw, and what formats there are") {
  CliTest test;
  const Ended format = test.run({"graph", "--format", "svg"});
  CHECK(format.how() == "exit 125");
  CHECK(contains(format.err, "'svg' is not one of dot, mermaid, json"));
  test.write("tasks.jsonl", "\"x\"\n");
  const Ended stream = test.run({"graph", "tasks.jsonl"});
  CHECK(stream.how() == "exit 125");
  CHECK(stream.err == "errand: a stream of tasks (JSON Lines) cannot be drawn\n");
  test.write("bad.yaml", "tasks: { a: { runn: x } }");
  CHECK(contains(test.run({"graph", "bad.yaml"}).err, "bad.yaml:1:15: "));
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
