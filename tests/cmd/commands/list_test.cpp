// SPDX-License-Identifier: Apache-2.0
//
// errand list: the tasks for people and for programs.
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/plans.h"

namespace errand::test {
namespace {

using Json = nlohmann::json;

std::string listed(const Plan& plan, Words options = {}) {
  options.insert(options.begin(), "list");
  return cmd::listing(plan, command_of<cmd::ListCommand>(std::move(options)));
}

Json list_json(CmdTest& test, std::string_view yaml) {
  return Json::parse(listed(test.plan_of_yaml(yaml), {"--json"}));
}

Json entry_of(const Json& list, const std::string& name) {
  for (const Json& task : list.at("tasks")) {
    if (task.at("name") == name) return task;
  }
  FAIL("no task " << name);
  return {};
}

TEST_CASE("list shows the tasks in file order with groups, descriptions and needs") {
  CmdTest test;
  CHECK(listed(test.plan_of_yaml(kSmallPlan)) ==
        "lint/     All checks of style\n"
        "  format\n"
        "  tidy\n"
        "build\n"
        "test      All tests  (needs lint/format, build)\n");
}

TEST_CASE("list marks services, what runs last and what does not run") {
  CmdTest test;
  CHECK(listed(test.plan_of_yaml(kFullPlan)) ==
        "db       [service]\n"
        "test     All tests  (needs db (ready), lint)\n"
        "lint/    race\n"
        "  a\n"
        "  b\n"
        "deploy   [excluded, if: env.CI == 'sure']\n"
        "cleanup  [always]\n");
}

TEST_CASE("list aligns what stands beside wide names") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(
      "tasks:\n  日本: { run: x, description: wide }\n  abcd: { run: x, "
      "description: narrow }\n");
  CHECK(listed(plan) == "日本  wide\nabcd  narrow\n");
}

TEST_CASE("list --names prints full names, a line each, and nothing else") {
  CmdTest test;
  CHECK(listed(test.plan_of_yaml(kSmallPlan), {"--names"}) ==
        "lint\nlint/format\nlint/tidy\nbuild\ntest\n");
}

TEST_CASE("list --json is for programs") {
  CmdTest test;
  const Json list = list_json(test, kSmallPlan);
  CHECK(list.at("name") == "ci");
  Words names;
  for (const Json& task : list.at("tasks")) names.push_back(task.at("name"));
  CHECK(names == Words{"lint", "lint/format", "lint/tidy", "build", "test"});
  CHECK(list.at("tasks")[0].at("group") == true);
  CHECK(list.at("tasks")[4].at("needs") == Json({"lint/format", "build"}));
}

TEST_CASE("list --json has every setting that differs from its default, seconds as numbers") {
  CmdTest test;
  const Json list = list_json(test, kFullPlan);
  CHECK(list.at("version") == 1);
  CHECK(list.at("limits") == Json{{"db", 2}});
  CHECK(list.at("env") == Json{{"LANG", "C"}});
  CHECK(entry_of(list, "test") ==
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
  CHECK(entry_of(list, "lint") == Json{{"name", "lint"},
                                       {"group", true},
                                       {"mode", "race"},
                                       {"jobs", "50%"},
                                       {"needs", Json::array()},
                                       {"env", {{"LANG", "C"}}},
                                       {"halt", "soon,fail=3"},
                                       {"rate", "10/m"},
                                       {"breaker", {{"failures", 3}, {"delay", 30.0}}}});
  CHECK(entry_of(list, "db").at("ready") == Json{{"tcp", "localhost:5432"}, {"timeout", 60.0}});
  CHECK(entry_of(list, "deploy").at("cmds") ==
        Json{"make", Json{"make", "install"}, "make clean; true"});
  CHECK(entry_of(list, "deploy").at("excluded") == "if: env.CI == 'sure'");
  CHECK(entry_of(list, "cleanup").at("when") == "always");
  CHECK(entry_of(list, "cleanup").at("allow_failure") == Json{{"exit_codes", {1}}});
}

TEST_CASE("list --json says no more of a task that says nothing itself") {
  CmdTest test;
  CHECK(entry_of(list_json(test, "tasks: { a: x }"), "a") ==
        Json{{"name", "a"}, {"group", false}, {"needs", Json::array()}, {"run", "x"}});
}

TEST_CASE("what shows a plan takes variables as run does") {
  CmdTest test;
  test.write("errand.yaml", R"(
vars: { who: file, where: here }
tasks:
  greet: { description: "${{ vars.who }}", run: "echo ${{ vars.who }}" }
  mine: { if: env.MINE == 'yes', run: x }
)");
  const Words options = {"--var", "who=option", "--env", "MINE=yes"};
  for (const char* command : {"list", "graph", "check", "run"}) {
    CAPTURE(command);
    Words words = {command};
    words.insert(words.end(), options.begin(), options.end());
    const Plan plan = test.plan_of(words);
    CHECK(contains(listed(plan, {"--json"}), "echo option"));
    CHECK_FALSE(contains(listed(plan), "[excluded"));
    CHECK(contains(listed(test.plan_of({command})), "[excluded"));
  }
  CHECK(refusal_of({"check", "--var", "=x"}).starts_with("errand: --var: "));
}

}  // namespace
}  // namespace errand::test
