// SPDX-License-Identifier: Apache-2.0
//
// What all commands that show a plan have in common.
#include "cmd/commands/shown_plan.h"

#include <map>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

// By the command that shows the plan.
std::map<std::string, std::string> all_forms(const Plan& plan) {
  const auto listed = [&plan](Words words) {
    return cmd::listing(plan, command_of<cmd::ListCommand>(std::move(words)));
  };
  return {{"list", listed({"list"})},
          {"list --json", listed({"list", "--json"})},
          {"list --names", listed({"list", "--names"})},
          {"graph", cmd::drawing(plan, cmd::GraphFormat::dot)},
          {"graph --format=mermaid", cmd::drawing(plan, cmd::GraphFormat::mermaid)},
          {"graph --format=json", cmd::drawing(plan, cmd::GraphFormat::json)},
          {"run -n", cmd::describe(plan, {})}};
}

TEST_CASE("no command that shows a plan shows a secret") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(R"(
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
  for (const auto& [command, text] : all_forms(plan)) {
    CAPTURE(command, text);
    CHECK((contains(text, "***") || contains(text, "#42;#42;#42;")));
    CHECK_FALSE(contains(text, "hunter2"));
  }
}

TEST_CASE("what is shown cannot steer a terminal") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(R"(
tasks:
  "a\e[31m": { run: "echo \e[2J", description: "b\nc\e]0;x\a", env: { "E\e": "\e[0m" } }
)");
  for (const auto& [command, text] : all_forms(plan)) {
    CAPTURE(command, text);
    CHECK_FALSE(contains(text, "\x1b"));
  }
}

TEST_CASE("a setting is one line for people, and a value for programs") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(R"(
tasks: { a: { run: x, timeout: 90s, max_memory: 1536M, kill_signal: INT, slow_after: never } }
)");
  const cmd::ShownTexts texts(plan);
  const Task& task = task_of(plan, "a");
  const cmd::Json person = cmd::settings_of(plan, task, texts, cmd::Audience::person);
  CHECK(person == cmd::Json{{"timeout", "1m30s"},
                            {"kill_signal", "INT"},
                            {"slow_after", "never"},
                            {"max_memory", "1536M"}});
  CHECK(cmd::setting_line("timeout", person.at("timeout")) == "timeout 1m30s");
  const cmd::Json program = cmd::settings_of(plan, task, texts, cmd::Audience::program);
  CHECK(program.at("timeout") == 90.0);
  CHECK(program.at("max_memory") == 1536 * 1024 * 1024);
}

TEST_CASE("lists, groups of values and flags have each their form in a line") {
  CHECK(cmd::setting_line("service", true) == "service");
  CHECK(cmd::setting_line("stdin", "a\x1b") == "stdin a\\e");
  CHECK(cmd::setting_line("retry", {{"count", 2}, {"on_exit", {75, 76}}}) ==
        "retry count 2, on_exit [75, 76]");
  CHECK(cmd::setting_line("env", {{"A", "b"}, {"C", nullptr}}) == "env A=b, C unset");
}

TEST_CASE("jobs are shown as they are written") {
  for (const char* text : {"4", "50%", "auto", "0"}) {
    const cmd::Json value = cmd::jobs_value(*parse_jobs(text));
    CHECK((value.is_string() ? value.get<std::string>() : value.dump()) == text);
  }
}

}  // namespace
}  // namespace errand::test
