// SPDX-License-Identifier: Apache-2.0
//
// What a run says at its end: every failure, the last lines, how to run it again, and its outputs.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "support/cli.h"

namespace errand::test {
namespace {

// The command in the first line that begins with `label`.
std::string command_in(const std::string& text, const std::string& label) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(label)) return line.substr(label.size());
  }
  return {};
}

// Pastes a command that errand has printed into bash.
Ended paste(CliTest& test, const std::string& command, std::vector<std::string> env = {}) {
  REQUIRE(command.starts_with("errand "));
  Call call{{}};
  call.prefix = {"bash", "-c", "\"$0\"" + command.substr(std::string("errand").size())};
  call.env = std::move(env);
  return test.run(call);
}

TEST_CASE("[F4.1] compilers that end with the same words are three errors with their logs") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  a: 'echo "a.c:1:1: no such type"; echo "1 error generated."; exit 1'
  b: 'echo "b.c:2:2: no such field"; echo "1 error generated."; exit 1'
  c: 'echo "c.c:3:3: no such file"; echo "1 error generated."; exit 1'
)",
                                  {"-o", "quiet"});
  for (const char* part : {"    a.c:1:1: no such type\n", "    b.c:2:2: no such field\n",
                           "    c.c:3:3: no such file\n", "/a.log\n", "/b.log\n", "/c.log\n"}) {
    CAPTURE(part);
    CHECK(contains(end.err, part));
  }
}

TEST_CASE("[F4.2] -q names every failed task") {
  CliTest test;
  const Ended end = test.run_yaml(
      "mode: aggregate\njobs: 1\n"
      "tasks: { a: exit 1, b: exit 2, c: 'true', d: { tasks: { e: exit 3 } }, f: [nosuch-program] "
      "}",
      {"-q", "-o", "quiet"});
  CHECK(end.err ==
        "4 tasks failed:\n"
        "  a: exit 1\n"
        "  b: exit 2\n"
        "  d/e: exit 3\n"
        "  f: exec 'nosuch-program': No such file or directory\n");
}

TEST_CASE("[F4.2] the list of failed tasks is as wide as the terminal") {
  CliTest test;
  std::string yaml = "mode: aggregate\ntasks:\n";
  for (int i = 100; i < 121; ++i) yaml += "  task-" + std::to_string(i) + ": exit 1\n";
  test.write("errand.yaml", yaml);
  Call call{{"run", "-q", "-o", "quiet"}};
  call.streams = Streams::terminal;
  const auto errand = test.start(call);
  errand->resize(40);
  const std::string text = errand->finish().out;
  CHECK(contains(text, "  task-100: exit 1  task-111: exit 1"));
  CHECK(contains(text, "  task-110: exit 1"));
}

TEST_CASE("[F4.3] the very last lines are the failed tasks, without brackets anywhere") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
jobs: 1
tasks:
  unit-07: exit 1
  frontend: { mode: aggregate, tasks: { lint: "true", typecheck: exit 2, format: "true" } }
)",
                                  {"--report", "json=r.json", "--report", "markdown=r.md",
                                   "--report", "events=r.jsonl", "--log-file", "log"});
  CHECK(
      end.err.ends_with("\n2 tasks failed:\n"
                        "  unit-07: exit 1\n"
                        "  frontend/typecheck: exit 2\n"));
  for (const std::string& text :
       {end.err, test.read("r.json"), test.read("r.md"), test.read("r.jsonl"), test.read("log")}) {
    CHECK_FALSE(contains(text, "[unit-07: exit 1"));
  }
  CHECK(contains(test.read("r.json"), R"("cause":"2 of 2 tasks failed")"));
}

TEST_CASE("[F4.3] a single failed task is the last line") {
  CliTest test;
  const Ended end =
      test.run_yaml("mode: aggregate\ntasks: { g: { tasks: { a: exit 3 } }, b: x=1 }");
  CHECK(end.err.ends_with("\nerrand: g/a: exit 3\n"));
}

TEST_CASE("[F4.3] a run that is not kept says neither how to continue it nor where logs are") {
  CliTest test;
  const Ended end =
      test.run_yaml("mode: aggregate\ntasks: { a: echo x; exit 3, b: exit 4 }", {"--no-journal"});
  CHECK_FALSE(contains(end.err, "continue: "));
  CHECK_FALSE(contains(end.err, "log: "));
  CHECK(contains(end.err, "  rerun: errand run errand.yaml a\n"));
}

TEST_CASE("[F4.3] a file that cannot be read again has no line to continue with") {
  CliTest test;
  Call call{{}};
  call.prefix = {"bash", "-c", "\"$0\" run <(echo 'tasks: { a: exit 3 }')"};
  CHECK_FALSE(contains(test.run(call).err, "continue: "));
  Call piped{.args = {"run", "-"}, .input = "tasks: { a: exit 3 }"};
  CHECK(contains(test.run(piped).err, "\ncontinue: errand run --failed -\n"));
}

TEST_CASE("[F4.3] the line that continues a run runs what is left of it") {
  CliTest test;
  const std::string yaml =
      "jobs: 1\ntasks: { a: echo a >>log, b: 'echo b >>log; test -e fixed', c: echo c >>log }";
  const std::string resume = command_in(test.run_yaml(yaml).err, "continue: ");
  CHECK(resume == "errand run --resume errand.yaml");
  test.write("fixed", "");
  CHECK(paste(test, resume).how() == "exit 0");
  CHECK(test.read("log") == "a\nb\nb\nc\n");
}

TEST_CASE("[F4.4] the command that runs a task again does what the run did") {
  CliTest test;
  const Ended end = test.run_yaml(
      "vars: { n: '1' }\nsecrets: [TOKEN]\n"
      "tasks: { a: { run: 'echo n=${{ vars.n }} e=$E >>log; exit 3' } }",
      {"--var", "n=two words", "--env", "E=it's", "--env", "TOKEN=hunter2222", "--task-timeout",
       "30s", "-j", "1", "--shell", "bash -ec"});
  const std::string rerun = command_in(end.err, "  rerun: ");
  CHECK(rerun ==
        R"(errand run --task-timeout 30s --var 'n=two words' --env 'E=it'\''s' --shell 'bash -ec')"
        " errand.yaml a");
  CHECK_FALSE(contains(end.err, "hunter2222"));
  CHECK(paste(test, rerun).how() == "exit 3");
  CHECK(test.read("log") == "n=two words e=it's\nn=two words e=it's\n");
  CHECK(contains(test.run({"report"}).out, "  rerun: errand run --task-timeout 30s --var "));
}

TEST_CASE("[F4.4] an option that the environment gives is in the command too") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: exit 3 }");
  Call call{{"run"}};
  call.env = {"ERRAND_SHELL=bash -c"};
  CHECK(command_in(test.run(call).err, "  rerun: ") ==
        "errand run --shell 'bash -c' errand.yaml a");
}

TEST_CASE("[F4.4] the command of a task of exec can be pasted") {
  CliTest test;
  const Ended end =
      test.run({"exec", "-k", "--env", "A=x y", "echo $A {} >>log; exit 4", ":::", "it's", "{}"});
  CHECK(paste(test, command_in(end.err, "  rerun: ")).how() == "exit 4");
  CHECK(count(test.read("log"), "x y") == 3);
}

TEST_CASE("[F4.15] the command of a file that no line can show can be pasted") {
  for (const std::string& name : {std::string("a\nb.yaml"), std::string("it's\xff.yaml"),
                                  std::string("tab\t1.yaml"), std::string("##[x].yaml")}) {
    CAPTURE(name);
    CliTest test;
    test.write(name, "tasks: { a: echo ran >>log; exit 3 }");
    const std::string rerun = command_in(test.run({"run", "./" + name}).err, "  rerun: ");
    CHECK(contains(rerun, "$'"));
    CHECK(paste(test, rerun).how() == "exit 3");
    CHECK(test.read("log") == "ran\nran\n");
  }
}

// A program that is not there fails without a process, so that many failures take little time.
long peak_of_failures(CliTest& test, int failures) {
  std::string lines;
  for (int i = 0; i < failures; ++i)
    lines += R"({"run":["./nosuch-)" + std::to_string(i) + "\"]}\n";
  test.write("many.jsonl", lines);
  const Ended end = test.run({"run", "-k", "-q", "-o", "quiet", "many.jsonl"});
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, std::to_string(failures) + " tasks failed:\n"));
  return end.peak_kib;
}

TEST_CASE("[F4.5] failures of a stream cost no memory each") {
  CliTest test;
  const long few = peak_of_failures(test, 2000);
  const long many = peak_of_failures(test, kSanitized ? 6000 : 20'000);
  CAPTURE(few, many);
  if (!kSanitized) CHECK(many - few < 1024);  // 18,000 more; 0.35 KiB each were 6,300
}

TEST_CASE("[F4.6] the file's grace ends the wait for a reader that is behind") {
  CliTest test;
  test.write("errand.yaml", "grace: 50ms\ntasks: { a: 'seq 1 100000; echo written >$MARKS' }");
  Call call{{"run", "-o", "group"}};
  call.reads_out = false;
  const auto errand = test.start(call);
  errand->await_mark("written");
  const auto began = std::chrono::steady_clock::now();
  errand->signal(SIGTERM);
  CHECK(errand->finish_unread().signal == SIGTERM);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
}

TEST_CASE("[F4.7] two outputs in one file are refused before anything starts") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: touch started }");
  test.write("old", "kept");
  REQUIRE(::symlink("old", (test / "link").c_str()) == 0);
  REQUIRE(::link((test / "old").c_str(), (test / "hard").c_str()) == 0);
  REQUIRE(::symlink("new", (test / "dangling").c_str()) == 0);
  REQUIRE(::mkfifo((test / "fifo").c_str(), 0600) == 0);
  struct Case {
    std::vector<std::string> options;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {{"--log-file", "x", "--joblog", "x"}, "--joblog and --log-file both write to 'x'"},
      {{"--log-file", "old", "--joblog", "+./old"}, "--joblog and --log-file both"},
      {{"--report", "html=-", "--report", "json=-"}, "--report html and --report json both"},
      {{"--joblog", "-", "--report", "events=-"}, "both write to standard output"},
      {{"--report", "json=-", "--report", "html=/dev/stdout"}, "both write to"},
      {{"--report", "json=link", "--report", "html=old"}, "both write to 'old'"},
      {{"--report", "json=hard", "--log-file", "old"}, "both write to"},
      {{"--report", "json=dangling", "--report", "html=new"}, "both write to"},
      {{"--report", "json=no/../x", "--report", "html=x"}, "both write to"},
      {{"--report", "json=fifo", "--report", "html=fifo"}, "both write to"},
      {{"--results", "r", "--report", "json=r/a/x"}, "inside of the folder of --results"},
      {{"--results", "r", "--log-file", "./r/../r/log"}, "inside of the folder of --results"},
      {{"--results", ".", "--joblog", "jobs"}, "inside of the folder of --results"},
      {{"--results", "x", "--report", "json=x"}, "inside of the folder of --results"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.options);
    Call call{{"run"}};
    call.args.insert(call.args.end(), one.options.begin(), one.options.end());
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, one.expected));
    CHECK_FALSE(test.exists("started"));
    CHECK_FALSE(test.exists("x"));
    CHECK_FALSE(test.exists("r"));
    CHECK(test.read("old") == "kept");
  }
}

TEST_CASE("[F4.7] a report in the file that standard output goes to is refused") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: touch started }");
  Call call{{"run", "--report", "json=out"}};
  call.out_file = test / "out";
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "standard output and --report json both write to 'out'"));
  CHECK_FALSE(test.exists("started"));
}

TEST_CASE("[F4.7] outputs that do not meet are all written") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo x }");
  Call call{{"run", "--report", "json=-", "--report", "html=/dev/null", "--report",
             "markdown=/dev/null", "--report", "junit=r-1.xml", "--results", "r", "--joblog",
             "jobs", "--log-file", "log"}};
  call.out_file = test / "out";
  CHECK(test.run(call).how() == "exit 0");
  for (const char* name : {"out", "r-1.xml", "r", "jobs", "log"}) {
    CAPTURE(name);
    CHECK(test.exists(name));
  }
}

TEST_CASE("[F4.8] every report says why the first attempt of a flaky task failed") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
tasks:
  a:
    run: 'test $ERRAND_ATTEMPT = 2 || { echo "no route to host"; exit 7; }'
    retry: { count: 1, delay: 0 }
)",
                                  {"-v", "--report", "json=r.json", "--report", "junit=r.xml",
                                   "--report", "markdown=r.md", "--report", "html=r.html"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "a: ok in "));
  CHECK(contains(end.err, " (flaky: attempt 2; the first: exit 7)\n"));
  CHECK(contains(end.err, "\nflaky: 1 task: a (attempt 2; the first: exit 7)\n"));
  CHECK(contains(test.read("r.json"), R"("last_lines":"no route to host\n"})"));
  CHECK(
      contains(test.read("r.xml"), "<stackTrace>exit 7</stackTrace><system-out>no route to host"));
  CHECK(contains(test.read("r.md"), "| attempt 1: exit 7 |"));
  CHECK(contains(test.read("r.html"), R"("cause":"exit 7")"));
  CHECK(contains(test.run({"report"}).out, "(flaky: attempt 2; the first: exit 7)"));
}

TEST_CASE("[F4.8] what loses a race is counted as failed nowhere") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  race: { mode: race, tasks: { loser: exit 9, winner: { needs: { loser: { condition: done } }, run: "true" } } }
  other: exit 4
)",
                                  {"--report", "markdown=r.md", "--report", "junit=r.xml"});
  CHECK(contains(end.err, "3 tasks: 1 succeeded, 1 failed, 1 lost in "));
  CHECK(end.err.ends_with("\nerrand: other: exit 4\n"));
  CHECK_FALSE(contains(end.err, "errand.yaml race/loser"));
  CHECK(contains(test.read("r.md"), "3 tasks: 1 succeeded, 1 failed, 1 lost in "));
  CHECK(contains(test.read("r.xml"), R"(tests="3" failures="1" errors="0")"));
}

TEST_CASE("a journal that cannot be kept whole is a note, and the run is as it would be") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: 'seq 1 20000 >/dev/null; seq 1 20000; exit 3' }");
  Call call{{"run", "-o", "group"}};
  call.prefix = {"sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 3");
  CHECK(contains(end.out, "\n20000\n"));
  CHECK(contains(end.err, "; what is kept of this run is not complete\n"));
  CHECK_FALSE(contains(end.err, "continue: "));
}

TEST_CASE("a group that times out after failures names them and itself") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  g:
    mode: aggregate
    timeout: 300ms
    tasks: { a: exit 4, b: sleep 60 }
)");
  CHECK(end.how() == "exit 1");
  CHECK(
      end.err.ends_with("\n2 tasks failed:\n"
                        "  g: the timeout of group 'g' (300ms) passed\n"
                        "  g/a: exit 4\n"));
}

TEST_CASE("exit 0 is a failure with status 1 if success_exit_codes does not have it") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { run: 'true', success_exit_codes: [3] } }");
  CHECK(end.how() == "exit 1");
  CHECK(end.err.ends_with("\nerrand: a: exit 0\n"));
}

}  // namespace
}  // namespace errand::test
