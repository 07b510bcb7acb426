// SPDX-License-Identifier: Apache-2.0
//
// The commands that run nothing: check, list, run -n, --help, --version.
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kPlan = R"(
name: ci
timeout: 20m
tasks:
  lint:
    description: All checks of style
    mode: aggregate
    tasks: { format: touch started, tidy: [touch, started] }
  build: { run: touch started, timeout: 5m }
  test: { needs: [build, lint/format], run: touch started, description: All tests }
)";

TEST_CASE("check tells of a good file what is in it and starts nothing") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const Ended end = test.run({"check", "ci.yaml"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "ci.yaml: ok, 4 tasks in 1 group\n");
  CHECK(end.err.empty());
  CHECK_FALSE(test.exists("started"));
  Call call{{"check", "-"}};
  call.input = kPlan;
  CHECK(test.run(call).out == "<stdin>: ok, 4 tasks in 1 group\n");
}

TEST_CASE("check prints every problem and exits with 125") {
  CliTest test;
  test.write("bad.yaml", "tasks:\n  a: { runn: x }\n  b: { run: x, needs: [z] }\n  b: x\n");
  const Ended end = test.run({"check", "bad.yaml"});
  CHECK(end.how() == "exit 125");
  CHECK(end.out.empty());
  for (const char* place : {"bad.yaml:2:8: ", "bad.yaml:3:24: ", "bad.yaml:4:3: "})
    CHECK(contains(end.err, place));
}

TEST_CASE("check looks at every line of a stream") {
  CliTest test;
  test.write("tasks.jsonl", "\"x\"\n{\"runn\": 1}\n[\"y\"]\n{\n");
  const Ended end = test.run({"check", "tasks.jsonl"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "tasks.jsonl:2:2: "));
  CHECK(contains(end.err, "tasks.jsonl:4:"));
  test.write("tasks.jsonl", "\"x\"\n\n[\"y\"]\n");
  CHECK(test.run({"check", "tasks.jsonl"}).out == "tasks.jsonl: ok, 2 tasks\n");
}

TEST_CASE("list shows the tasks in file order with groups, descriptions and needs") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const Ended end = test.run({"list", "ci.yaml"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out ==
        "lint/     All checks of style\n"
        "  format\n"
        "  tidy\n"
        "build\n"
        "test      All tests  (needs lint/format, build)\n");
  CHECK_FALSE(test.exists("started"));
}

TEST_CASE("list --json is for programs") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const auto list = nlohmann::json::parse(test.run({"list", "--json", "ci.yaml"}).out);
  CHECK(list.at("name") == "ci");
  std::vector<std::string> names;
  for (const auto& task : list.at("tasks")) names.push_back(task.at("name"));
  CHECK(names == std::vector<std::string>{"lint", "lint/format", "lint/tidy", "build", "test"});
  CHECK(list.at("tasks")[0].at("group") == true);
  CHECK(list.at("tasks")[4].at("needs") == nlohmann::json({"lint/format", "build"}));
}

TEST_CASE("a dry run prints the resolved plan and runs nothing") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  for (const char* option : {"-n", "--dry-run"}) {
    const Ended end =
        test.run({"run", option, "-k", "-j", "3", "--report", "json=out.json", "ci.yaml"});
    CHECK(end.how() == "exit 0");
    for (const char* part :
         {"ci: aggregate, jobs 3, timeout 20m", "lint: aggregate\n", "format: touch started\n",
          "tidy: [touch, started]\n", "timeout 5m", "needs lint/format, build\n"}) {
      CAPTURE(part);
      CHECK(contains(end.out, part));
    }
    CHECK(test.names() == std::vector<std::string>{"ci.yaml"});
  }
}

TEST_CASE("a dry run of named tasks shows these and what they need") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const Ended end = test.run({"run", "-n", "ci.yaml", "test"});
  CHECK(contains(end.out, "format: "));
  CHECK(contains(end.out, "build: "));
  CHECK_FALSE(contains(end.out, "tidy: "));
}

TEST_CASE("help fits a screen and has examples") {
  CliTest test;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"-h"},
                                             {"run", "--help"},
                                             {"exec", "--help"},
                                             {"check", "--help"},
                                             {"list", "--help"},
                                             {"graph", "--help"},
                                             {"report", "--help"},
                                             {"schema", "--help"},
                                             {"completion", "--help"},
                                             {"man", "--help"}}) {
    CAPTURE(args);
    const Ended end = test.run(args);
    CHECK(end.how() == "exit 0");
    CHECK(end.err.empty());
    CHECK(contains(end.out, "Examples:\n  errand "));
    const std::vector<std::string> lines = lines_of(end.out);
    CHECK(lines.size() <= 60);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(line.size() <= 100);
    }
  }
}

TEST_CASE("--only and --skip choose among the tasks, with what they need") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  const Ended only = test.run({"run", "-n", "--only", "lint/t*", "--only", "b*", "ci.yaml"});
  CHECK(contains(only.out, "tidy: "));
  CHECK(contains(only.out, "build: "));
  CHECK_FALSE(contains(only.out, "format: "));
  CHECK_FALSE(contains(only.out, "test: "));
  const Ended skip = test.run({"run", "-n", "--skip", "lint", "ci.yaml"});
  CHECK_FALSE(contains(skip.out, "lint"));
  CHECK(contains(skip.out, "needs build\n"));
  Call stream{{"run", "-q", "--only", "a*", "-"}};
  stream.input =
      "{\"name\": \"ab\", \"run\": \"echo ab\"}\n{\"name\": \"b\", \"run\": \"echo b\"}\n";
  CHECK(test.run(stream).out == "ab\n");
}

TEST_CASE("what shows a plan takes variables as run does") {
  CliTest test;
  test.write("errand.yaml", R"(
vars: { who: file, where: here }
tasks:
  greet: { description: "${{ vars.who }}", run: "echo ${{ vars.who }}" }
  mine: { if: env.MINE == 'yes', run: x }
)");
  const std::vector<std::string> options = {"--var", "who=option", "--env", "MINE=yes"};
  const auto run_with = [&](std::vector<std::string> args) {
    args.insert(args.begin() + 1, options.begin(), options.end());
    return test.run(args);
  };
  CHECK(contains(run_with({"list", "--json"}).out, "echo option"));
  CHECK_FALSE(contains(run_with({"list"}).out, "[excluded"));
  CHECK(contains(test.run({"list"}).out, "[excluded"));
  CHECK(run_with({"graph"}).how() == "exit 0");
  CHECK(run_with({"check"}).how() == "exit 0");
  CHECK(test.run({"check", "--var", "=x"}).how() == "exit 125");
}

TEST_CASE("a shuffled run tells its seed, and the seed gives the same order again") {
  CliTest test;
  std::string tasks = "tasks:\n";
  for (int i = 0; i < 30; ++i)
    tasks += "  t" + std::to_string(i) + ": echo " + std::to_string(i) + "\n";
  test.write("errand.yaml", tasks);
  const Ended first = test.run({"run", "-j1", "--shuffle"});
  CHECK(first.how() == "exit 0");
  const std::size_t at = first.err.find("--shuffle=");
  REQUIRE(at != std::string::npos);
  const std::string option = first.err.substr(at, first.err.find(' ', at) - at);
  CHECK(test.run({"run", "-j1", option}).out == first.out);
  const Ended plain = test.run({"run", "-j1"});
  CHECK(plain.out != first.out);
  CHECK(count(plain.out, "\n") == count(first.out, "\n"));
  Call call{{"run", "-j1"}};
  call.env = {"ERRAND_" + std::string("SHUFFLE=") + option.substr(10)};
  CHECK(test.run(call).out == first.out);
  CHECK(test.run({"exec", "-q", "-j1", option, "echo", ":::", "0", "1", "2"}).how() == "exit 0");
  Call stream{{"run", "--shuffle", "-"}};
  stream.input = "\"echo x\"\n";
  CHECK(test.run(stream).how() == "exit 125");
}

TEST_CASE("a variable of the environment gives way to an option, also to one of another name") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: exit 3, b: echo b }");
  Call call{{"run", "-j1", "--fail-fast"}};
  call.env = {"ERRAND_MODE=aggregate"};
  CHECK(test.run(call).how() == "exit 3");
  call.args = {"run", "-j1"};
  CHECK(test.run(call).how() == "exit 1");
}

TEST_CASE("--version tells version, compiler and kind of build") {
  CliTest test;
  const Ended end = test.run({"--version"});
  CHECK(end.how() == "exit 0");
  const std::vector<std::string> lines = lines_of(end.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("errand "));
  CHECK(lines[1].starts_with("compiler: "));
  CHECK(lines[2].starts_with("build: "));
}

TEST_CASE("what cannot be printed is an error of errand's") {
  CliTest test;
  test.write("errand.yaml", kPlan);
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--version"}, {"list"}, {"graph"}, {"schema"}, {"check"}, {"run", "-n"}}) {
    CAPTURE(args);
    Call call{args};
    call.out_file = "/dev/full";
    CHECK(test.run(call).how() == "exit 125");
  }
}

}  // namespace
}  // namespace errand::test
