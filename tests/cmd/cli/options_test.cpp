// SPDX-License-Identifier: Apache-2.0
//
// The command line and the variables beside it: what they mean, and how they are refused.
#include "cmd/cli/options.h"

#include "errand/plan/edit/overrides.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

using namespace std::chrono_literals;

cmd::RunCommand run_of(Words words) {
  words.insert(words.begin(), "run");
  return command_of<cmd::RunCommand>(std::move(words));
}

TEST_CASE("an option before the command is told where it belongs") {
  const Environment env;
  CHECK(refusal_of({"-C", "/tmp", "run"}) ==
        "errand: '-C' stands before the command; options come behind it");
}

TEST_CASE("a command that there is not is named, with the one that was meant") {
  const Environment env;
  CHECK(refusal_of({"lsit"}) == "errand: 'lsit' is not a command, did you mean 'list'?");
  CHECK(refusal_of({"frobnicate", "--help"}) == "errand: 'frobnicate' is not a command");
  CHECK(refusal_of({"a\x1b[31mb"}).find('\x1b') == std::string::npos);
}

TEST_CASE("an option that there is not is named, with the one that was meant") {
  const Environment env;
  CHECK(refusal_of({"run", "--job", "1"}) ==
        "errand: '--job' is not an option, did you mean '--jobs'?");
  CHECK(refusal_of({"run", "-k", "--keepgoing=1", "a.yaml"}) ==
        "errand: '--keepgoing' is not an option, did you mean '--keep-going'?");
  CHECK(refusal_of({"exec", "--frobnicate", "echo", "--job"}) ==
        "errand: '--frobnicate' is not an option");
  CHECK(refusal_of({"list", "--names", "-z"}) == "errand: '-z' is not an option");
  CHECK(refusal_of({"run", "-kZ"}) == "errand: '-Z' is not an option");
  CHECK(refusal_of({"run", "-j4", "-Z"}) == "errand: '-Z' is not an option");
  CHECK(refusal_of({"run", "--shell", "--bogus2", "--bogus"}) ==
        "errand: '--bogus' is not an option");
  CHECK(refusal_of({"run", "--resume", "20260102-030405-k3j9xq", "--bogus"}) ==
        "errand: '--bogus' is not an option");
  CHECK(refusal_of({"exec", "--bogus", "--failed", "20260102-030405-k3j9xq", "echo"}) ==
        "errand: '--bogus' is not an option");
  CHECK(refusal_of({"run", "--timeout"}) == "errand: --timeout needs a value");
  CHECK(refusal_of({"run", "-kj"}) == "errand: --jobs needs a value");
}

TEST_CASE("a refusal ends with where help is") {
  const Environment env;
  CHECK(contains(text_instead({"run", "--bogus"}, 125), "\nTry 'errand run --help'.\n"));
  CHECK(contains(text_instead({"bogus"}, 125), "\nTry 'errand --help'.\n"));
}

TEST_CASE("a value that cannot be read is refused with the option or the variable that has it") {
  Environment env;
  CHECK(refusal_of({"run", "-j", "many"}).starts_with("errand: -j,--jobs: "));
  CHECK(
      contains(refusal_of({"graph", "--format", "svg"}), "'svg' is not one of dot, mermaid, json"));
  env.set("ERRAND_JOBS", "many");
  CHECK(refusal_of({"run"}).starts_with("errand: ERRAND_JOBS: "));
  CHECK(run_of({"-j", "2"}).overrides.jobs->value == 2);
}

TEST_CASE("options may come from the environment, below the command line and above the file") {
  CmdTest test;
  const auto root = [&test](const std::string& yaml, Words words = {"run"}) {
    return test.plan_of_yaml(yaml, std::move(words)).root();
  };
  test.env.set("ERRAND_JOBS", "2");
  CHECK(root("jobs: 1\ntasks: { a: x }").jobs->value == 2);
  test.env.set("ERRAND_JOBS", "1");
  CHECK(root("jobs: 1\ntasks: { a: x }", {"run", "-j", "0"}).jobs->kind == Jobs::Kind::unlimited);

  test.env.set("ERRAND_MODE", "aggregate");
  test.env.set("ERRAND_OUTPUT", "quiet");
  CHECK(root("mode: race\ntasks: { a: x }").mode == Mode::aggregate);
  CHECK(root("tasks: { a: x }", {"run", "--fail-fast"}).mode == Mode::errgroup);
  CHECK(run_of({}).output == OutputMode::quiet);
  CHECK(run_of({"-o", "live"}).output == OutputMode::live);

  test.env.set("ERRAND_TIMEOUT", "100ms");
  test.env.set("ERRAND_TASK_TIMEOUT", "200ms");
  test.env.set("ERRAND_GRACE", "1s");
  const Plan plan = test.plan_of_yaml("timeout: 1h\ntasks: { a: { run: x, grace: 3s } }");
  CHECK(plan.root().timeout == Duration(100ms));
  CHECK(task_of(plan, "a").timeout == Duration(200ms));
  CHECK(task_of(plan, "a").grace == Duration(1s));
}

TEST_CASE("a variable of the environment gives way to an option, also to one of another name") {
  Environment env;
  env.set("ERRAND_MODE", "aggregate");
  CHECK(run_of({"-j1", "--fail-fast"}).overrides.mode == Mode::errgroup);
  CHECK(run_of({"-j1"}).overrides.mode == Mode::aggregate);
}

TEST_CASE("an empty variable gives no option") {
  Environment env;
  env.set("ERRAND_JOBS", "");
  env.set("ERRAND_RESUME", "");
  CHECK_FALSE(run_of({}).overrides.jobs);
  CHECK_FALSE(run_of({}).resume);
}

TEST_CASE("of options that exclude each other one may be given, and one may come from variables") {
  Environment env;
  for (const Words& words : std::vector<Words>{{"run", "-k", "--mode", "race"},
                                               {"run", "-q", "-v"},
                                               {"run", "--resume", "--failed"},
                                               {"list", "--json", "--names"}}) {
    CAPTURE(words);
    const std::string refusal = refusal_of(words);
    CHECK(contains(refusal, words[1]));
    CHECK(contains(refusal, words[2]));
  }
  env.set("ERRAND_RESUME", "last");
  env.set("ERRAND_FAILED", "last");
  CHECK(contains(refusal_of({"run"}), "ERRAND_FAILED"));
  CHECK(run_of({"--failed"}).resume->scope == RerunScope::failed);
  CHECK(run_of({"--resume"}).resume->scope == RerunScope::unfinished);
}

TEST_CASE("of an option that is given twice the last one counts, and lists keep all") {
  const Environment env;
  CHECK(run_of({"-j1", "-j", "3"}).overrides.jobs->value == 3);
  CHECK(run_of({"--only", "a", "--only", "b"}).input.only == Words{"a", "b"});
  CHECK(run_of({"--only", "a", "b.yaml"}).input.positional == Words{"b.yaml"});
}

TEST_CASE("a run's id after --resume or --failed is its value, another word is not") {
  const Environment env;
  const cmd::RunCommand named = run_of({"--failed", "20260102-030405-k3j9xq", "a.yaml"});
  CHECK(named.resume->run == "20260102-030405-k3j9xq");
  CHECK(named.resume->scope == RerunScope::failed);
  CHECK(named.input.positional == Words{"a.yaml"});
  const cmd::RunCommand last = run_of({"--resume", "a.yaml"});
  CHECK(last.resume->run == "last");
  CHECK(last.input.positional == Words{"a.yaml"});
  CHECK(run_of({"--resume=2026"}).resume->run == "2026");
  CHECK(run_of({"--only", "--resume", "--", "20260102-030405-k3j9xq"}).input.positional ==
        Words{"20260102-030405-k3j9xq"});
}

TEST_CASE("[F4.4] options that change what runs are kept as they were given, with the words") {
  Environment env;
  const auto texts = [](const cmd::RunCommand& run, bool for_tasks) {
    Words all;
    for (const cmd::GivenOption& option : run.given) {
      if (option.is_for_tasks || !for_tasks)
        all.insert(all.end(), option.words.begin(), option.words.end());
    }
    return all;
  };
  const cmd::RunCommand run =
      run_of({"-q", "--var", "a=1", "-k", "--var", "b=2", "-j1", "-j", "3", "--shuffle=7",
              "--resume", "--report", "json=-", "a.yaml", "task"});
  CHECK(texts(run, true) == Words{"--var", "a=1", "--var", "b=2"});
  CHECK(texts(run, false) == Words{"-j", "3", "-k", "--shuffle=7", "--var", "a=1", "--var", "b=2"});
  CHECK(run.typed == Words{"run", "a.yaml", "task"});
  CHECK(command_of<cmd::ExecCommand>({"exec", "-k", "make", "-j4"}).run.typed ==
        Words{"exec", "make", "-j4"});
}

TEST_CASE("words behind -- are no options") {
  const Environment env;
  const cmd::RunCommand run = run_of({"-k", "a.yaml", "--", "-q", "--help", "--"});
  CHECK(run.overrides.mode == Mode::aggregate);
  CHECK_FALSE(run.quiet);
  CHECK(run.input.positional == Words{"a.yaml", "-q", "--help", "--"});
}

TEST_CASE("words of the command of exec are none of errand's options") {
  const Environment env;
  const auto exec = command_of<cmd::ExecCommand>({"exec", "-j2", "make", "-j4", "-q", "--help"});
  CHECK(exec.run.overrides.jobs->value == 2);
  CHECK_FALSE(exec.run.quiet);
  const auto failed = command_of<cmd::ExecCommand>({"exec", "echo", "--failed"});
  CHECK_FALSE(failed.run.resume);
}

TEST_CASE("help fits a screen and has examples") {
  const Environment env;
  for (const Words& words : std::vector<Words>{{"--help"},
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
    CAPTURE(words);
    const std::string text = text_instead(words, 0);
    CHECK(contains(text, "Examples:\n  errand "));
    const Words lines = lines_of(text);
    CHECK(lines.size() <= 60);
    for (const std::string& line : lines) {
      CAPTURE(line);
      CHECK(line.size() <= 100);
    }
  }
}

TEST_CASE("--version tells version, compiler and kind of build") {
  const Environment env;
  const Words lines = lines_of(text_instead({"--version"}, 0));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("errand "));
  CHECK(lines[1].starts_with("compiler: "));
  CHECK(lines[2].starts_with("build: "));
}

TEST_CASE("man takes no words") {
  const Environment env;
  CHECK(contains(refusal_of({"man", "run"}), "'run'"));
  CHECK(contains(refusal_of({"schema", "run"}), "'run'"));
}

TEST_CASE("report and completion take one word") {
  const Environment env;
  CHECK(command_of<cmd::ReportCommand>({"report"}).run == "last");
  CHECK(command_of<cmd::ReportCommand>({"report", "2026"}).run == "2026");
  CHECK(contains(refusal_of({"report", "a", "b"}), "one run"));
  CHECK(command_of<cmd::CompletionCommand>({"completion", "zsh"}).shell == "zsh");
  CHECK(contains(refusal_of({"completion"}), "bash, zsh or fish"));
}

}  // namespace
}  // namespace errand::test
