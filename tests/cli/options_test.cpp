// SPDX-License-Identifier: Apache-2.0
//
// Options that change how tasks are run, each seen in what the tasks do.
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

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

}  // namespace
}  // namespace errand::test
