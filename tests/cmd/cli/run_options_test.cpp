// SPDX-License-Identifier: Apache-2.0
//
// Each option of run, and where its value goes.
#include "cmd/cli/run_options.h"

#include <algorithm>
#include <map>

#include "cmd/cli/command_table.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

using namespace std::chrono_literals;

cmd::RunCommand run_of(Words words) {
  const Environment env;
  words.insert(words.begin(), "run");
  return command_of<cmd::RunCommand>(std::move(words));
}

Words names_in(const cmd::OptionSpec& option) {
  Words names(1);
  for (const char c : option.names) {
    if (c == ',') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

TEST_CASE("no two options of a command have a name or a variable in common") {
  cmd::Invocations into;
  for (const cmd::CommandSpec& command : cmd::command_table(into)) {
    std::map<std::string, int> uses = {{"-h", 1}, {"--help", 1}};
    for (const cmd::OptionSpec& option : command.options) {
      for (const std::string& name : names_in(option)) ++uses[name];
      if (!option.variable.empty()) ++uses[std::string(option.variable)];
    }
    for (const auto& [name, count] : uses) {
      CAPTURE(command.name, name);
      CHECK(count == 1);
    }
  }
}

TEST_CASE("an option takes each value that completion offers for it") {
  cmd::Invocations into;
  int offered = 0;
  for (const cmd::CommandSpec& command : cmd::command_table(into)) {
    for (const cmd::OptionSpec& option : command.options) {
      for (std::string choice : option.choices) {
        if (choice.ends_with('=')) choice += "path";
        CAPTURE(command.name, option.names, choice);
        CHECK_FALSE(option.read({choice}));
        ++offered;
      }
    }
  }
  CHECK(offered > 20);
}

TEST_CASE("options without a value change nothing unless they are given") {
  const cmd::RunCommand run = run_of({});
  CHECK_FALSE(run.dry_run);
  CHECK_FALSE(run.quiet);
  CHECK_FALSE(run.verbose);
  CHECK_FALSE(run.no_folds);
  CHECK_FALSE(run.no_annotations);
  CHECK_FALSE(run.shuffle);
  CHECK_FALSE(run.resume);
  CHECK(run.journal);
  const cmd::RunCommand all =
      run_of({"-n", "-q", "--no-folds", "--no-annotations", "--shuffle", "--no-journal"});
  CHECK(all.dry_run);
  CHECK(all.quiet);
  CHECK(all.no_folds);
  CHECK(all.no_annotations);
  CHECK(all.shuffle);
  CHECK_FALSE(all.seed);
  CHECK_FALSE(all.journal);
  CHECK(run_of({"--verbose"}).verbose);
}

TEST_CASE("options of the run and its tasks become overrides of the file") {
  const Overrides over =
      run_of({"-j", "50%", "--mode", "race", "--halt", "soon,fail=2", "--retries", "3", "--timeout",
              "1h", "--task-timeout", "2m", "--grace", "0s", "--nice", "7"})
          .overrides;
  CHECK(over.jobs->kind == Jobs::Kind::percent);
  CHECK(over.jobs->value == 50);
  CHECK(over.mode == Mode::race);
  CHECK(format(*over.halt) == "soon,fail=2");
  CHECK(over.retries == 3U);
  CHECK(over.timeout == Duration(1h));
  CHECK(over.task_timeout == Duration(2min));
  CHECK(over.grace == Duration());
  CHECK(over.nice == 7);
}

TEST_CASE("options about starts are kept for the run") {
  const cmd::RunCommand run = run_of({"--delay", "150ms", "--rate", "10/m", "--load", "80%",
                                      "--memfree", "2G", "--shuffle=42", "--shell", "bash -euc"});
  CHECK(run.delay == Duration(150ms));
  CHECK(format(*run.rate) == "10/m");
  CHECK(run.load->percent);
  CHECK(run.memory_free_min == std::uint64_t{2} << 30);
  CHECK(run.seed == 42U);
  CHECK(run.shell == Words{"bash", "-euc"});
}

TEST_CASE("options about reports and the screen are kept for the run") {
  const cmd::RunCommand run = run_of({"-o", "errors", "--color", "always", "--progress", "bar",
                                      "--ci", "github", "--report", "json=a", "--report", "html=b",
                                      "--joblog", "+c", "--results", "d", "--log-file", "e"});
  CHECK(run.output == OutputMode::errors);
  CHECK(run.color == ColorChoice::always);
  CHECK(run.progress == cmd::ProgressChoice::bar);
  CHECK(run.ci == CiSystem::github);
  REQUIRE(run.reports.size() == 2);
  CHECK(run.reports[1].kind == ReportKind::html);
  CHECK(run.reports[1].path == "b");
  CHECK(run.job_log == "+c");
  CHECK(run.results == "d");
  CHECK(run.log_file == "e");
}

TEST_CASE("options about input are kept for its reader") {
  const cmd::InputOptions input =
      run_of({"-C", "in", "--only", "a", "--skip", "b", "--var", "x=1", "--env", "Y=2", "ci.yaml"})
          .input;
  CHECK(input.folder == "in");
  CHECK(input.only == Words{"a"});
  CHECK(input.skip == Words{"b"});
  CHECK(input.vars == std::vector<std::pair<std::string, std::string>>{{"x", "1"}});
  CHECK(input.env == std::vector<EnvEntry>{{"Y", "2"}});
  CHECK(input.positional == Words{"ci.yaml"});
}

TEST_CASE("a value that an option refuses is refused in its variable too") {
  cmd::Invocations into;
  int refused = 0;
  for (const cmd::OptionSpec& option : cmd::options_of("run", into)) {
    const std::string variable(option.variable);
    if (variable.empty() || !option.read({"no such value"})) continue;
    Environment env;
    env.set(variable, "no such value");
    CHECK(refusal_of({"run"}).starts_with("errand: " + variable + ": "));
    ++refused;
  }
  CHECK(refused > 15);
}

TEST_CASE("ERRAND_NO_JOURNAL is 1 or 0") {
  Environment env;
  env.set("ERRAND_NO_JOURNAL", "1");
  CHECK_FALSE(command_of<cmd::RunCommand>({"run"}).journal);
  env.set("ERRAND_NO_JOURNAL", "0");
  CHECK(command_of<cmd::RunCommand>({"run"}).journal);
  env.set("ERRAND_NO_JOURNAL", "yes");
  CHECK(contains(refusal_of({"run"}), "ERRAND_NO_JOURNAL: 'yes' is not 1 or 0"));
}

TEST_CASE("attempts run on this machine alone") {
  const Environment env;
  command_of<cmd::RunCommand>({"run", "--executor", "local"});
  CHECK(contains(refusal_of({"run", "--executor", "slurm"}), "not available yet"));
  CHECK(contains(refusal_of({"run", "--executor", "moon"}), "'moon' is not an executor"));
}

}  // namespace
}  // namespace errand::test
