// SPDX-License-Identifier: Apache-2.0
//
// The commands that run nothing print on standard output, and leave nothing; tests/cmd has what
// they print.
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

TEST_CASE("check prints every problem and exits with 125") {
  CliTest test;
  test.write("bad.yaml", "tasks:\n  a: { runn: x }\n  b: { run: x, needs: [z] }\n  b: x\n");
  const Ended end = test.run({"check", "bad.yaml"});
  CHECK(end.how() == "exit 125");
  CHECK(end.out.empty());
  for (const char* place : {"bad.yaml:2:8: ", "bad.yaml:3:24: ", "bad.yaml:4:3: "})
    CHECK(contains(end.err, place));
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

TEST_CASE("commands that show a plan print it and start nothing") {
  CliTest test;
  test.write("ci.yaml", kPlan);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"check", "ci.yaml"},
                                             {"list", "ci.yaml"},
                                             {"list", "--json", "ci.yaml"},
                                             {"list", "--names", "ci.yaml"},
                                             {"graph", "ci.yaml"},
                                             {"graph", "--format", "json", "ci.yaml"},
                                             {"run", "-n", "-q", "ci.yaml"}}) {
    CAPTURE(args);
    const Ended end = test.run(args);
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "4 tasks") == (args[0] == "check"));
    CHECK(contains(end.out, "tidy") == (args[0] != "check"));
    CHECK(end.err.empty());
    CHECK(test.names() == std::vector<std::string>{"ci.yaml"});
  }
}

TEST_CASE("help, the version, the manual page and completions go to standard output") {
  CliTest test;
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"run", "--help"}, {"--version"}, {"man"}, {"completion", "fish"}}) {
    CAPTURE(args);
    const Ended end = test.run(args);
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "errand "));
    CHECK(end.err.empty());
  }
}

TEST_CASE("--only chooses among the tasks of a stream too") {
  CliTest test;
  Call call{{"run", "-q", "--only", "a*", "-"}};
  call.input = "{\"name\": \"ab\", \"run\": \"echo ab\"}\n{\"name\": \"b\", \"run\": \"echo b\"}\n";
  CHECK(test.run(call).out == "ab\n");
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
