// SPDX-License-Identifier: Apache-2.0
//
// What a task finds around it: variables, folder, shell, descriptors, signals.
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kProbe = ERRAND_PROBE;

std::string probe(const std::string& steps) {
  return "tasks: { a: ['" + kProbe + "', " + steps + "] }";
}

TEST_CASE("each attempt sees its task's name, the run's id, its number and its slot") {
  CliTest test;
  const Ended end = test.run_yaml(
      "jobs: 1\ntasks: { g: { tasks: { a: 'echo $ERRAND_TASK $ERRAND_ATTEMPT; echo $ERRAND_RUN_ID "
      ">>id; echo $ERRAND_SLOT >>slot' } }, "
      "b: 'echo $ERRAND_TASK; echo $ERRAND_RUN_ID >>id; echo $ERRAND_SLOT >>slot' }");
  CHECK(end.out == "g/a 1\nb\n");
  const std::vector<std::string> ids = lines_of(test.read("id"));
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] == ids[1]);
  CHECK_FALSE(ids[0].empty());
  const std::vector<std::string> slots = lines_of(test.read("slot"));
  CHECK(slots[0] == slots[1]);  // one at a time
}

TEST_CASE("tasks that run at the same time have different slots") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(
      "jobs: 3\ntasks: { a: &t 'echo $ERRAND_SLOT >$MARKS; read line <gate', b: *t, c: *t, d: *t "
      "}");
  std::vector<std::string> slots = {errand->mark(), errand->mark(), errand->mark()};
  std::sort(slots.begin(), slots.end());
  CHECK(std::unique(slots.begin(), slots.end()) == slots.end());
  for (int i = 0; i < 4; ++i) test.open_gate("gate");
  const std::string last = errand->mark();
  CHECK(std::count(slots.begin(), slots.end(), last) == 1);  // one that became free
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("tasks do not see errand's options in their environment") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: env }");
  Call call{{"run", "-q"}};
  call.env = {
      "ERRAND_JOBS=2",     "ERRAND_MODE=errgroup", "ERRAND_TIMEOUT=1h",  "ERRAND_TASK_TIMEOUT=1h",
      "ERRAND_GRACE=1s",   "ERRAND_OUTPUT=group",  "ERRAND_COLOR=never", "ERRAND_SHELL=sh -ec",
      "ERRAND_TASK=outer", "ERRAND_SLOT=77",       "MINE=kept"};
  const Ended end = test.run(call);
  CHECK(contains(end.out, "MINE=kept\n"));
  for (const std::string& line : lines_of(end.out)) {
    if (!line.starts_with("ERRAND_")) continue;
    CAPTURE(line);
    const std::string name = line.substr(0, line.find('='));
    CHECK((name == "ERRAND_TASK" || name == "ERRAND_RUN_ID" || name == "ERRAND_ATTEMPT" ||
           name == "ERRAND_SLOT"));
  }
  CHECK(contains(end.out, "ERRAND_TASK=a\n"));
  CHECK_FALSE(contains(end.out, "=77\n"));
}

TEST_CASE("[P19] options for an errand do not reach an errand inside it") {
  CliTest test;
  test.write("inner.yaml", "tasks: { a: exit 3, b: { needs: [a], run: x } }");
  test.write("errand.yaml", "tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }");
  Call call{{"run"}};
  call.env = {"ERRAND_MODE=errgroup", "ERRAND_OUTPUT=quiet"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 3");
  call.args = {"run", "-o", "group"};
  call.env = {"ERRAND_OUTPUT=quiet"};
  CHECK(contains(test.run(call).err, "  rerun: errand run inner.yaml a\n"));
}

TEST_CASE(
    "env of the file goes over errand's environment, the inner one wins, null unsets, --env goes "
    "over all") {
  CliTest test;
  test.write("errand.yaml", R"(
env: { A: run, B: run, C: run }
tasks:
  g:
    env: { B: group, OUTER: null }
    tasks: { t: { env: { C: task }, run: 'echo "$A $B $C ${OUTER-none} $KEPT $D"' } }
)");
  Call call{{"run", "-q", "--env", "D=option", "--env", "E=x"}};
  call.env = {"A=outer", "OUTER=x", "KEPT=kept"};
  CHECK(test.run(call).out == "run group task none kept option\n");
  call.args = {"run", "-q", "--env", "C=option=with=signs", "--env", "D="};
  CHECK(test.run(call).out == "run group option=with=signs none kept \n");
}

TEST_CASE("the shell of a script may be chosen, by the file and by --shell") {
  CliTest test;
  const std::string yaml = "tasks: { a: { shell: [sh, -c], run: 'false; echo went on' } }";
  CHECK(test.run_yaml(yaml, {"-q"}).out == "went on\n");
  CHECK(test.run_yaml("tasks: { a: false; echo went on }").how() == "exit 1");
  CHECK(test.run_yaml("tasks: { a: false; echo went on }", {"-q", "--shell", "sh -c"}).out ==
        "went on\n");
  CHECK(test.run_yaml("tasks: { a: { shell: [echo, -n], run: the script } }", {"-q"}).out ==
        "the script");
}

TEST_CASE("a list is a program with its arguments, untouched") {
  CliTest test;
  const Ended end =
      test.run_yaml(R"(tasks: { a: [printf, "[%s]", "$HOME", "* ;", "", "it's", "ä"] })", {"-q"});
  CHECK(end.out == "[$HOME][* ;][][it's][ä]");
}

TEST_CASE("standard input of tasks is empty, also when errand's is a terminal or a pipe") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: cat; echo end }");
  Call call{{"run", "-q", "-o", "group"}};
  CHECK(test.run(call).out == "end\n");
  call.input = "something";
  CHECK(test.run(call).out == "end\n");
  call.input.reset();
  call.streams = Streams::terminal;
  CHECK(test.run(call).out == "end\n");
}

TEST_CASE("[P30] no descriptor of errand's is open in a task") {
  CliTest test;
  for (const char* mode : {"group", "live", "raw", "quiet"}) {
    CAPTURE(mode);
    test.write("errand.yaml",
               "jobs: 0\ntasks: { b: sleep 0.01, a: ['" + kProbe + "', descriptors] }");
    Call call{{"run", "-q", "-o", mode, "--report", "json=x.json", "--report", "events=log"}};
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    if (mode != std::string("quiet")) CHECK(contains(end.out, "0 1 2\n"));
  }
}

TEST_CASE("signals are as at home in a task: none ignored, none blocked") {
  CliTest test;
  CHECK(test.run_yaml(probe("signals"), {"-q"}).out.empty());
  CHECK(test.run_yaml("tasks: { a: 'yes | head -1' }", {"-q"}).out == "y\n");
}

TEST_CASE("a task leads a process group of its own") {
  CliTest test;
  CHECK(test.run_yaml(probe("group"), {"-q"}).out == "leader\n");
}

TEST_CASE("errand runs with any of its three descriptors closed at the start") {
  for (int closed = 0; closed < 8; ++closed) {
    CAPTURE(closed);
    CliTest test;
    test.write("errand.yaml",
               "tasks: { a: echo out; echo err >&2; ls -l /proc/self/fd >seen, b: echo more }");
    Call call{{"run", "--report", "json=out.json"}};
    for (const int fd : {0, 1, 2}) {
      if ((closed & (1 << fd)) != 0) call.closed.push_back(fd);
    }
    const Ended end = test.run(call);
    const bool out_closed = (closed & 2) != 0, err_closed = (closed & 4) != 0;
    CHECK(end.how() == (out_closed ? "exit 125" : "exit 0"));
    if (!out_closed) CHECK(test.exists("seen"));
    const std::string report = test.read("out.json");
    CHECK(report.starts_with("{\"version\":1"));  // nothing of the output went into it
    CHECK(report.ends_with("]}\n"));
    if (!out_closed) CHECK(contains(end.out, "out\n"));
    if (out_closed && !err_closed) CHECK(contains(end.err, "errand: standard output is closed\n"));
  }
}

TEST_CASE("[F4.9] closed standard output is an error in each mode, and of each command") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo text }");
  const std::vector<std::vector<std::string>> calls = {{"run"},
                                                       {"run", "-o", "live"},
                                                       {"run", "-o", "ordered"},
                                                       {"exec", "echo text"},
                                                       {"run", "-q"},
                                                       {"run", "-n"},
                                                       {"run", "--report", "json=-"},
                                                       {"--version"},
                                                       {"list"},
                                                       {"graph"},
                                                       {"schema"},
                                                       {"--help"}};
  for (const std::vector<std::string>& args : calls) {
    CAPTURE(args);
    Call call{args};
    call.closed = {1};
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "standard output is closed"));
  }
}

TEST_CASE("[F4.9] a task whose output is not captured finds the descriptor closed, too") {
  CliTest test;
  Call call{{"exec", "-o", "raw", "echo text || exit 9"}};
  call.closed = {1};
  CHECK(test.run(call).how() == "exit 9");
}

TEST_CASE("[F4.9] tasks that write nothing do not miss standard output") {
  CliTest test;
  Call call{{"exec", "-q", "true"}};
  call.closed = {1};
  CHECK(test.run(call).how() == "exit 0");
}

TEST_CASE("[F4.9] closed standard input is no empty input") {
  CliTest test;
  Call call{{"run", "-"}};
  call.closed = {0};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK_FALSE(end.err.empty());
}

TEST_CASE("nothing is written to the folder unasked") {
  CliTest test;
  CHECK(test.run_yaml("tasks: { a: echo x; exit 1 }").how() == "exit 1");
  CHECK(test.names() == std::vector<std::string>{"errand.yaml"});
}

}  // namespace
}  // namespace errand::test
