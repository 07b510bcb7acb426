// SPDX-License-Identifier: Apache-2.0
//
// What examples/ and errand.yaml promise, and errand as the builder of real code.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kSource = ERRAND_SOURCE_DIR;

std::string example(const std::string& name) { return kSource + "/examples/" + name; }

TEST_CASE("the tour runs and shows what its comments say") {
  CliTest test;
  const Ended end = test.run({"run", example("tour.yaml")});
  CHECK(end.how() == "exit 0");
  for (const char* line :
       {"hello from a shell, as task text\n", "$GREETING stays as it is: * ; |\n", "counted to 3\n",
        "good evening; LC_ALL is unset\n", "everything that was needed has succeeded\n"}) {
    CAPTURE(line);
    CHECK(contains(end.out, line));
  }
  CHECK(contains(end.err, " succeeded in "));
}

TEST_CASE("the failing example ends as its comments say") {
  CliTest test;
  const Ended end =
      test.run({"run", "-j", "0", "--report", "json=out.json", example("failing.yaml")});
  CHECK(end.how() == "exit 1");
  std::map<std::string, std::string> ended;
  for (const Json& task : Json::parse(test.read("out.json")).at("tasks")) {
    ended[task.at("name")] =
        task.at("status").get<std::string>() + ": " +
        (task.at("cause").is_null() ? "" : task.at("cause").get<std::string>());
  }
  CHECK(ended["aggregate/fine"].starts_with("succeeded"));
  CHECK(ended["aggregate/one"] == "failed: exit 3");
  CHECK(ended["aggregate/two"] == "failed: exit 3");
  CHECK(ended["aggregate/missing"].starts_with("failed: "));
  CHECK(ended["aggregate/after-one"] == "skipped: needs aggregate/one: failed");
  CHECK(ended["errgroup/cause"] == "failed: exit 2");
  CHECK(ended["errgroup/stopped"] == "canceled: errgroup/cause failed (exit 2)");
  CHECK(ended["errgroup/waiting"].starts_with("canceled: errgroup/cause") !=
        ended["errgroup/waiting"].starts_with("skipped: "));
  CHECK(ended["too-slow"] == "timed_out: timed out after 200ms");
  CHECK(contains(end.err, "\n  same failure: aggregate/"));
}

TEST_CASE("the examples of lists and streams run") {
  CliTest test;
  CHECK(test.run({"run", example("list.json")}).how() == "exit 0");
  const Ended stream = test.run({"run", example("stream.jsonl")});
  CHECK(stream.how() == "exit 0");
  CHECK(contains(stream.out, "with an environment\n"));
}

TEST_CASE("the example of each feature runs and shows what its comments say") {
  struct Example {
    const char* name;
    const char* how;
    std::vector<std::string> lines;
  };
  const Example examples[] = {
      {"matrix",
       "exit 0",
       {"shard 1 with asan halt_on_error=1", "shard 3 with none ", "all shards are fine"}},
      {"services", "exit 0", {"reads", "writes", "unit tests need nobody"}},
      {"retry", "exit 0", {"try 2: busy", "try 3: done", "process 2 was faster"}},
      {"last", "exit 3", {"cleaned up", "the build is broken"}},
      {"limits", "exit 0", {"takes all of them and runs alone", "set up once", "64"}},
  };
  CliTest test;
  for (const Example& expected : examples) {
    CAPTURE(expected.name);
    const Ended end =
        test.run({"run", "-o", "group", example(expected.name + std::string(".yaml"))});
    CHECK(end.how() == expected.how);
    for (const std::string& line : expected.lines) {
      CAPTURE(line);
      CHECK(contains(end.out, line + "\n"));
    }
    CHECK_FALSE(contains(end.out, "skipped, for "));
    CHECK_FALSE(contains(end.out, "never runs"));
  }
}

TEST_CASE("errand's own task file and the example of policies are in order") {
  CliTest test;
  for (const std::string& file : {kSource + "/errand.yaml", example("policies.yaml")}) {
    const Ended end = test.run({"check", file});
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "ok, "));
  }
}

// Runs a shell command of the test's own.
std::string shell(CliTest& test, const std::string& command) {
  Call call{{}};
  call.prefix = {"sh", "-ec", command};
  const Ended end = test.run(call);
  REQUIRE(end.how() == "exit 0");
  return end.out;
}

TEST_CASE(
    "a C project is built from its compile_commands.json, object for object as by its own compiler "
    "calls") {
  if (find_program("cc").empty() || find_program("python3").empty()) {
    WARN("skipped: no cc or no python3");
    return;
  }
  CliTest test;
  Json database = Json::array();
  for (int i = 0; i < 12; ++i) {
    const std::string name = "unit" + std::to_string(i);
    test.write("src/" + name + ".c", "int " + name + "(int x) { return x * " + std::to_string(i) +
                                         " + (\"it's\"[0]); }\n");
    Json entry = {{"directory", test.path()}, {"file", "src/" + name + ".c"}};
    if (i % 2 == 0)
      entry["command"] = "cc -O1 '-DNAME=\"a b\"' -c src/" + name + ".c -o direct/" + name + ".o";
    else
      entry["arguments"] = {"cc", "-O1", "-c", "src/" + name + ".c", "-o", "direct/" + name + ".o"};
    database.push_back(entry);
  }
  test.write("compile_commands.json", database.dump());
  test.write("direct/keep", "");
  shell(test,
        "for n in 0 1 2 3 4 5 6 7 8 9 10 11; do cc -O1 '-DNAME=\"a b\"' -c src/unit$n.c -o "
        "direct/unit$n.o; done");
  shell(test, "python3 " + example("compile-commands") +
                  " -o by-errand compile_commands.json >tasks.json");
  const Ended end = test.run({"run", "tasks.json"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "12 tasks: 12 succeeded in "));
  for (int i = 0; i < 12; ++i) {
    const std::string object = "direct/unit" + std::to_string(i) + ".o";
    CHECK(test.exists("by-errand/" + object));
    CHECK(test.read("by-errand/" + object) == test.read(object));
  }
}

TEST_CASE("a unit that does not compile fails as one task, with the compiler's words") {
  if (find_program("cc").empty() || find_program("python3").empty()) return;
  CliTest test;
  test.write("good.c", "int good;\n");
  test.write("bad.c", "int bad = nosuch;\n");
  Json database = Json::array();
  for (const std::string name : {"good", "bad"}) {
    database.push_back({{"directory", test.path()},
                        {"file", name + ".c"},
                        {"command", "cc -c " + name + ".c -o " + name + ".o"}});
  }
  test.write("compile_commands.json", database.dump());
  Call call{{"run", "-k", "-"}};
  call.prefix = {
      "sh", "-c",
      "python3 " + example("compile-commands") + " compile_commands.json | \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "bad.c:1:11: error: "));
  CHECK(contains(end.err, "2 tasks: 1 succeeded, 1 failed in "));
  CHECK(test.exists("good.o"));
}

TEST_CASE("errand builds files of its own, and the objects are ninja's") {
  const fs::path build = ERRAND_BINARY_DIR;
  if (!fs::exists(build / "compile_commands.json") || find_program("python3").empty()) {
    WARN("skipped: no compile_commands.json or no python3");
    return;
  }
  CliTest test;
  // Small ones, in libraries that errand needs, so that ninja has built them by now.
  shell(test, "python3 " + example("compile-commands") +
                  " -o objects --match lib/errand/base/quoted_text --limit 2 " +
                  (build / "compile_commands.json").string() + " >tasks.json");
  const Json tasks = Json::parse(test.read("tasks.json")).at("tasks");
  REQUIRE(!tasks.empty());
  const Ended end = test.run({"run", "tasks.json"});
  CHECK(end.how() == "exit 0");
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(test / "objects")) {
    if (entry.path().extension() != ".o") continue;
    const fs::path below = fs::relative(entry.path(), test / "objects");
    CAPTURE(below.string());
    ++compared;
    CHECK(shell(test, "cmp '" + entry.path().string() + "' '" + (build / below).string() + "'")
              .empty());
  }
  CHECK(compared == static_cast<int>(tasks.size()));
}

}  // namespace
}  // namespace errand::test
