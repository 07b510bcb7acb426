// SPDX-License-Identifier: Apache-2.0
//
// errand's own words: the summary, colours, names that would steer a terminal.
#include "support/cli.h"

namespace errand::test {
namespace {

TEST_CASE("the screen after a success") {
  CliTest test;
  const Ended end = test.run_yaml("jobs: 1\ntasks: { a: echo one, b: 'true', c: echo three >&2 }");
  CHECK(end.out == "one\n");
  CHECK(without_times(end.err) ==
        "a: ok in TIME\n"
        "c: ok in TIME\n"
        "three\n"
        "3 tasks: 3 succeeded in TIME\n");
}

TEST_CASE("the screen after a failure in an errgroup") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
jobs: 1
tasks:
  compile:
    run: |
      echo compiling
      echo "x.c:1: no such thing" >&2
      exit 2
  link: { needs: [compile], run: ld }
  docs: echo docs
)");
  CHECK(end.how() == "exit 2");
  CHECK(end.out == "compiling\n");
  CHECK(without_times(end.err) ==
        "compile: failed: exit 2 in TIME\n"
        "x.c:1: no such thing\n"
        "link: skipped: needs compile: failed\n"
        "docs: canceled: compile failed (exit 2)\n"
        "3 tasks: 1 failed, 1 canceled, 1 skipped in TIME\n"
        "canceled: 1 task: compile failed (exit 2)\n"
        "skipped: 1 task: needs compile: failed\n"
        "compile: failed: exit 2 in TIME\n"
        "  command: echo compiling …\n"
        "    compiling\n"
        "    x.c:1: no such thing\n"
        "  log: RUN/compile.log\n"
        "  rerun: errand run errand.yaml compile\n"
        "continue: errand run --resume errand.yaml\n"
        "errand: compile: exit 2\n");
}

TEST_CASE("[F4.1] the screen after failures in an aggregate, equal ones folded") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
jobs: 1
tasks:
  a: echo boom; exit 1
  b: echo boom; exit 1
  c: [sh, -c, exit 3]
)",
                                  {"-o", "quiet"});
  CHECK(end.how() == "exit 1");
  CHECK(without_times(end.err) ==
        "3 tasks: 3 failed in TIME\n"
        "a: failed: exit 1 in TIME\n"
        "  command: echo boom; exit 1\n"
        "    boom\n"
        "  log: RUN/a.log\n"
        "  rerun: errand run errand.yaml a\n"
        "  same failure: b, log: RUN/b.log\n"
        "c: failed: exit 3 in TIME\n"
        "  command: sh -c 'exit 3'\n"
        "  rerun: errand run errand.yaml c\n"
        "continue: errand run --failed errand.yaml\n"
        "3 tasks failed:\n"
        "  a: exit 1\n"
        "  b: exit 1\n"
        "  c: exit 3\n");
}

TEST_CASE("[P10] a failure among fifty tasks and much noise is in the last 25 lines") {
  CliTest test;
  std::string yaml = "mode: aggregate\ntasks:\n";
  for (int i = 0; i < 50; ++i) {
    yaml +=
        "  t" + std::to_string(i) + ": " +
        (i == 3 ? "seq 1 30; echo the reason >&2; exit 7\n" : "seq 1 4000\n");  // 50 of them: 1 MB
  }
  test.write("errand.yaml", yaml);
  Call call{{"run"}};
  call.streams = Streams::together;
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 1");
  CHECK(end.out.size() > 900'000);
  const std::string last = without_times(last_lines(end.out, 25));
  for (const char* part :
       {"50 tasks: 49 succeeded, 1 failed in TIME\n", "t3: failed: exit 7 in TIME\n",
        "  command: seq 1 30; echo the reason >&2; exit 7\n", "    30\n    the reason\n",
        "  log: RUN/t3.log\n", "  rerun: errand run errand.yaml t3\n", "errand: t3: exit 7\n"}) {
    CAPTURE(part);
    CHECK(contains(last, part));
  }
}

TEST_CASE("[P10] the command that the summary gives runs just that task again") {
  CliTest test;
  test.write(
      "it's a file.yaml",
      "tasks: { 'a b': { tasks: { \"it's\": echo ran >>log; exit 3, other: touch other } } }");
  const Ended end = test.run({"run", "-j", "1", "it's a file.yaml", "a b/it's"});
  const std::string start = "  rerun: errand ";
  const std::size_t at = end.err.find(start);
  REQUIRE(at != std::string::npos);
  const std::string command =
      end.err.substr(at + start.size(), end.err.find('\n', at) - at - start.size());
  Call call{{}};
  call.prefix = {"sh", "-c", "\"$0\" " + command};
  CHECK(test.run(call).how() == "exit 3");
  CHECK(test.read("log") == "ran\nran\n");
  CHECK_FALSE(test.exists("other"));
}

TEST_CASE("-q leaves the tasks' output and the error, -v tells of every task") {
  CliTest test;
  const std::string yaml = "jobs: 1\ntasks: { a: 'true', b: echo out; exit 3 }";
  const Ended quiet = test.run_yaml(yaml, {"-q"});
  CHECK(quiet.out == "out\n");
  CHECK(quiet.err == "errand: b: exit 3\n");
  const Ended verbose = test.run_yaml(yaml, {"-v"});
  CHECK(contains(verbose.err, "a: ok in "));
}

TEST_CASE("colour follows --color, then the environment, then the terminal") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo out; exit 1 }");
  struct Case {
    std::vector<std::string> env, options;
    bool terminal, colored;
  };
  const std::vector<Case> cases = {
      {{}, {}, false, false},
      {{"TERM=xterm"}, {}, true, true},
      {{"TERM=dumb"}, {}, true, false},
      {{"TERM=xterm", "NO_COLOR=1"}, {}, true, false},
      {{"TERM=xterm", "NO_COLOR="}, {}, true, true},  // empty: not set
      {{"NO_COLOR=1"}, {"--color=always"}, false, true},
      {{"TERM=xterm"}, {"--color=never"}, true, false},
      {{"FORCE_COLOR=1"}, {}, false, true},
      {{"NO_COLOR=1", "FORCE_COLOR=1"}, {}, false, false},
      {{"CLICOLOR_FORCE=1"}, {}, false, true},
      {{"TERM=xterm", "CLICOLOR=0"}, {}, true, false},
      {{"ERRAND_COLOR=always"}, {}, false, true},
      {{"ERRAND_COLOR=always"}, {"--color=never"}, false, false},
  };
  for (const Case& one : cases) {
    Call call{{"run", "-o", "live"}};
    call.args.insert(call.args.end(), one.options.begin(), one.options.end());
    call.env = one.env;
    if (one.terminal) call.streams = Streams::terminal;
    const Ended end = test.run(call);
    CAPTURE(one.env, one.options, one.terminal);
    CHECK(contains(end.out + end.err, "\x1b[") == one.colored);
  }
}

TEST_CASE("tasks on pipes are told of colour when errand has it itself") {
  CliTest test;
  test.write("errand.yaml",
             "tasks: { a: 'echo force=$FORCE_COLOR.', b: { run: 'echo own=$FORCE_COLOR.', "
             "env: { FORCE_COLOR: 3 } } }");
  struct Case {
    std::vector<std::string> env, options;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {{}, {}, "force=."},
      {{}, {"--color=always"}, "force=1."},
      {{"CI=true"}, {}, "force=1."},
      {{"FORCE_COLOR=2"}, {}, "force=2."},
      {{"FORCE_COLOR=1"}, {"--color=never"}, "force=."},
      {{"FORCE_COLOR=1", "NO_COLOR=1"}, {}, "force=."},
      {{"FORCE_COLOR=0"}, {}, "force=0."},
      {{"FORCE_COLOR=0"}, {"--color=always"}, "force=0."},
      {{"CLICOLOR_FORCE=1"}, {}, "force=1."},
      {{}, {"--color=always", "-o", "raw"}, "force=."},
  };
  for (const Case& one : cases) {
    CAPTURE(one.env, one.options);
    Call call{{"run", "-q"}};
    call.args.insert(call.args.end(), one.options.begin(), one.options.end());
    call.env = one.env;
    const Ended end = test.run(call);
    CHECK(contains(end.out, one.expected));
    CHECK(contains(end.out, "own=3."));
  }
}

TEST_CASE("flaky, slow and leaking tasks and allowed failures have their line in the summary") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
jobs: 1
tasks:
  a: { run: 'test $ERRAND_ATTEMPT = 2', retry: { count: 1, delay: 0 } }
  b: { run: exit 4, allow_failure: true }
  c: { run: sleep 0.01, slow_after: 1ms }
  d: sleep 1000 >/dev/null 2>&1 & echo started
)",
                                  {"-o", "quiet"});
  CHECK(end.how() == "exit 0");
  const std::string& text = end.err;
  CHECK(contains(text, "4 tasks: 3 succeeded (1 flaky), 1 failed (1 allowed) in "));
  CHECK(contains(text, "\nflaky: 1 task: a (attempt 2; the first: exit 1)\n"));
  CHECK(contains(text, "\nslow: 1 task: c ("));
  CHECK(contains(text, "\nwarning: d: left behind: "));
  CHECK(contains(text, "\nwarning: b: failed: exit 4 in "));
}

TEST_CASE("no control character of a name or of a failed command reaches the screen") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  "evil\e]0;title\a\e[31m\r\nname": { run: "printf 'x\\n'; : '\e[2J'; exit 1" }
  "again\u009b31m\u202e": { needs: ["evil\e]0;title\a\e[31m\r\nname"], run: x }
)",
                                  {"-o", "live", "-v"});
  CHECK(end.how() == "exit 1");
  for (const std::string& text : {end.out, end.err}) {
    for (const char* bad : {"\x1b", "\a", "\r", "\xc2\x9b", "\xe2\x80\xae"})
      CHECK_FALSE(contains(text, bad));
  }
  CHECK(contains(end.out, R"(evil\e]0;title\x07\e[31m\r\nname)"));
}

TEST_CASE("the last lines of a failed task are told without their escape sequences") {
  CliTest test;
  const Ended end =
      test.run_yaml(R"(tasks: { a: "printf '\\033[31mred\\033[0m\\033]0;title\\007\\n'; exit 1" })",
                    {"-o", "quiet"});
  CHECK(contains(end.err, "    red\n"));
  CHECK_FALSE(contains(end.err, "\x1b"));
}

TEST_CASE("tasks that never start have a line each, thousands of them do not") {
  CliTest test;
  std::string yaml = "jobs: 1\ntasks:\n  first: exit 3\n";
  for (int i = 0; i < 3000; ++i) yaml += "  t" + std::to_string(i) + ": 'true'\n";
  const Ended end = test.run_yaml(yaml);
  CHECK(end.how() == "exit 3");
  CHECK(lines_of(end.err).size() < 25);
  CHECK(contains(end.err, "canceled: 3000 tasks: first failed (exit 3)\n"));
}

TEST_CASE("no name steers the terminal or a CI system in errand's own lines") {
  CliTest test;
  const std::string evil = "\x1b[31mevil";
  CHECK(contains(test.run({"run", evil + ".yaml"}).err, "errand: \\e[31mevil.yaml: "));
  const Ended report = test.run_yaml("tasks: { a: 'true' }", {"--report", "json=no/" + evil});
  CHECK(contains(report.err, "\\e[31mevil"));
  const Ended named =
      test.run_yaml("tasks: { '::error::x': exit 1, '##[group]y': exit 1 }", {"-k"});
  for (const std::string& line : lines_of(named.err)) {
    CAPTURE(line);
    CHECK_FALSE(line.starts_with("::"));
    CHECK_FALSE((contains(line, "##[") && !contains(line, "rerun: ")));
  }
}

}  // namespace
}  // namespace errand::test
