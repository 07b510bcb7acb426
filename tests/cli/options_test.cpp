// SPDX-License-Identifier: Apache-2.0
//
// Options that change how tasks are run, each seen in what the tasks do.
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

TEST_CASE("an option before the command is told where it belongs") {
  CliTest test;
  const Ended end = test.run({"-C", "/tmp", "run"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: '-C' stands before the command; options come behind it\n"));
}

TEST_CASE("--retries tries again what names no retries of its own") {
  CliTest test;
  const std::string yaml = "tasks: { a: 'echo x >>tries; test $(wc -l <tries) -ge 3' }";
  CHECK(test.run_yaml(yaml, {"--retries", "1"}).how() == "exit 1");
  test.write("tries", "");
  CHECK(test.run_yaml(yaml, {"--retries", "2"}).how() == "exit 0");
  CHECK(count(test.read("tries"), "x") == 3);
}

TEST_CASE("--mode race ends with the first success") {
  CliTest test;
  const Ended end = test.run({"exec", "--mode", "race", "-j3", "exit 1", "echo won", "sleep 1000"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "won\n");
}

TEST_CASE("--halt stops after so many failures") {
  CliTest test;
  const Ended end = test.run({"exec", "-j1", "-k", "--halt", "soon,fail=2", "echo {}; exit {}",
                              ":::", "1", "0", "2", "3"});
  CHECK(end.out == "1\n0\n2\n");
  CHECK_FALSE(end.how() == "exit 0");
}

TEST_CASE("--nice makes tasks nicer") {
  CliTest test;
  const Ended before = test.run({"exec", "-q", "nice"});
  const Ended end = test.run({"exec", "-q", "--nice", "7", "nice"});
  CHECK(end.how() == "exit 0");
  CHECK(std::stoi(end.out) >= 7);
  CHECK(end.out != before.out);
}

TEST_CASE("--delay and --rate keep starts apart") {
  CliTest test;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--delay", "150ms"}, {"--rate", "10/s"}}) {
    std::vector<std::string> args = {"exec", "-q", "-j4", "--report", "json=out.json"};
    args.insert(args.end(), options.begin(), options.end());
    args.insert(args.end(), {"true", "{}", ":::", "1", "2", "3"});
    CHECK(test.run(args).how() == "exit 0");
    const auto report = nlohmann::json::parse(test.read("out.json"));
    CHECK(report["run"]["duration"].get<double>() >= 0.2);
  }
}

TEST_CASE("one attempt runs although the machine never has what --load and --memfree ask for") {
  CliTest test;
  CHECK(test.run({"exec", "-j4", "--memfree", "4000T", "true", "{}", ":::", "1"}).how() ==
        "exit 0");
  CHECK(test.run({"exec", "-j4", "--load", "0.0001", "true", "{}", ":::", "1"}).how() == "exit 0");
}

TEST_CASE("--var goes over the file's variables, and --env is seen by expressions") {
  CliTest test;
  const std::string yaml =
      "vars: { who: file }\n"
      "tasks: { a: 'echo ${{ vars.who }} ${{ env.MINE }} $MINE' }";
  const Ended end = test.run_yaml(yaml, {"-q", "--var", "who=option", "--env", "MINE=env"});
  CHECK(end.out == "option env env\n");
  CHECK(test.run_yaml("tasks: { a: 'echo ${{ vars.x }}' }").how() == "exit 125");
}

TEST_CASE("a file of variables must be a regular file, and small enough") {
  CliTest test;
  test.write("my.env", "A='from file'\n");
  CHECK(test.run_yaml("tasks: { a: { run: 'echo $A', env_file: my.env } }", {"-q"}).out ==
        "from file\n");
  test.make_gate("pipe");
  for (const char* name : {"pipe", "/dev/zero", "nosuch", "."}) {
    const Ended end =
        test.run_yaml("tasks: { a: { run: 'echo $A', env_file: " + std::string(name) + " } }");
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, name));
  }
}

TEST_CASE("an option that there is not is named, with the one that was meant") {
  CliTest test;
  const auto said = [&](std::vector<std::string> args) {
    const Ended end = test.run(std::move(args));
    CHECK(end.how() == "exit 125");
    return end.err.substr(0, end.err.find('\n'));
  };
  CHECK(said({"run", "--job", "1"}) == "errand: '--job' is not an option, did you mean '--jobs'?");
  CHECK(said({"run", "-k", "--keepgoing=1", "a.yaml"}) ==
        "errand: '--keepgoing' is not an option, did you mean '--keep-going'?");
  CHECK(said({"exec", "--frobnicate", "echo", "--job"}) ==
        "errand: '--frobnicate' is not an option");
  CHECK(said({"list", "--names", "-z"}) == "errand: '-z' is not an option");
  CHECK(said({"run", "-kZ"}) == "errand: '-Z' is not an option");
  CHECK(said({"run", "-j4", "-Z"}) == "errand: '-Z' is not an option");
  CHECK(said({"run", "--shell", "--bogus2", "--bogus"}) == "errand: '--bogus' is not an option");
  CHECK(said({"run", "--resume", "20260102-030405-k3j9xq", "--bogus"}) ==
        "errand: '--bogus' is not an option");
  CHECK(said({"exec", "--bogus", "--failed", "20260102-030405-k3j9xq", "echo"}) ==
        "errand: '--bogus' is not an option");
  CHECK(said({"run", "--timeout"}) == "errand: --timeout needs a value");
  CHECK(said({"run", "-kj"}) == "errand: --jobs needs a value");
}

TEST_CASE("variables that are options reach no task") {
  CliTest test;
  Call call{{"exec", "-q", "env"}};
  for (const char* entry : {"ERRAND_HALT=soon,fail=1", "ERRAND_RETRIES=0", "ERRAND_DELAY=0",
                            "ERRAND_RATE=9/s", "ERRAND_LOAD=999", "ERRAND_MEMFREE=1",
                            "ERRAND_NICE=0", "ERRAND_SHUFFLE=1", "ERRAND_EXECUTOR=local"})
    call.env.emplace_back(entry);
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  for (const std::string& entry : call.env) CHECK_FALSE(contains(end.out, entry));
}

}  // namespace
}  // namespace errand::test
