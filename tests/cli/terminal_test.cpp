// SPDX-License-Identifier: Apache-2.0
//
// Tasks with a terminal of their own, and tasks that take errand's.
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

// ---- tty

TEST_CASE("[P14] a task with a tty has colours, whatever errand writes to") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
tasks:
  a:
    run: |
      test -t 0; test -t 1; test -t 2
      if [ -t 1 ]; then printf '\033[32mgreen\033[0m\n'; fi
      stty size
    tty: true
)");
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "\033[32mgreen\033[0m\n24 80\n");
}

TEST_CASE("a tty is as large as errand's own terminal") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: { run: stty size, tty: true } }");
  Call call{{"run", "-q", "errand.yaml"}};
  call.streams = Streams::terminal;
  call.prefix = {"sh", "-c", "stty rows 41 cols 123; exec \"$@\"", "sh"};
  CHECK(contains(test.run(call).out, "41 123"));
}

TEST_CASE("a task with a tty that is canceled leaves nothing") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
tasks:
  a:
    run: |
      trap '' HUP
      exec 9>$HELD
      set -m
      sleep 1000 &
      echo ready >$MARKS
      wait
    tty: true
)");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().how() == "signal 15");
  CHECK_FALSE(test.held());
}

TEST_CASE("[P14] where there are no terminals tasks get pipes, and one line says so") {
  CliTest test;
  Call call{{"run", "-j1", "errand.yaml"}};
  call.prefix = {"unshare", "-rm", "sh", "-c", "mount --bind /dev/null /dev/ptmx && exec \"$@\"",
                 "sh"};
  test.write("errand.yaml", "tasks: { a: { run: echo a; test ! -t 1, tty: true } }");
  Call allowed = call;
  allowed.prefix.back() = "sh";
  allowed.args = {"--version"};
  if (test.run(allowed).code != 0) return;  // a machine that has no namespaces for us
  test.write("errand.yaml",
             "tasks: { a: &t { run: 'echo out; test ! -t 1', tty: true }, b: *t, c: *t }");
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "out\nout\nout\n");
  CHECK(count(end.err, "tty: pipes instead of a terminal: open a terminal: ") == 1);
}

// ---- interactive

struct OnTerminal : CliTest {
  OnTerminal() { make_gate("gate"); }
  std::unique_ptr<Errand> start_on_terminal(std::string_view yaml) {
    write("errand.yaml", yaml);
    Call call{{"run", "errand.yaml"}};
    call.streams = Streams::terminal;
    call.prefix = {"sh", "-c", "stty -a >before; exec \"$@\"", "sh"};
    return start(call);
  }
};

TEST_CASE("an interactive task has the terminal's foreground, in a group of its own") {
  OnTerminal test;
  const auto errand = test.start_on_terminal(
      "tasks: { a: { run: [" ERRAND_PROBE ", group, session, descriptors], interactive: true } }");
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "leader\nin our session, foreground\n"));
}

TEST_CASE("an interactive task reads what is typed, and Ctrl-C is its own") {
  OnTerminal test;
  const auto errand = test.start_on_terminal(R"(
tasks:
  a:
    run: |
      trap 'echo caught >$MARKS; exit 0' INT
      read line; echo "got $line" >$MARKS
      while :; do sleep 0.1 || :; done
    interactive: true
)");
  errand->type("words\n");
  errand->await_mark("got words");
  errand->type("\x03");
  errand->await_mark("caught");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("errand has its terminal again after an interactive task, however that ended") {
  for (const std::string last : {"true", "stty -echo raw; kill -9 $$"}) {
    OnTerminal test;
    const auto errand = test.start_on_terminal(R"yaml(
mode: aggregate
jobs: 1
tasks:
  a: { interactive: true, run: ')yaml" + last + R"yaml(' }
  b: |
    stty -a </dev/tty >after
    trap 'echo caught >$MARKS; exit' INT
    echo ready >$MARKS
    eval $AWAIT_SIGNAL
)yaml");
    errand->await_mark("ready");
    CHECK(test.read("after") == test.read("before"));
    errand->type("\x03");  // comes to errand, which tells its tasks
    errand->await_mark("caught");
    CHECK(errand->finish().how() == "signal 2");
  }
}

TEST_CASE(
    "a canceled interactive task is stopped as any other, and the terminal is errand's again") {
  OnTerminal test;
  const auto errand = test.start_on_terminal(
      "tasks: { a: { run: 'echo ready >$MARKS; sleep 1000', interactive: true } }");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().how() == "signal 15");
}

TEST_CASE("Ctrl-Z in an interactive task stops errand too, and fg gives the terminal back to it") {
  OnTerminal test;
  test.make_gate("go");
  test.write("errand.yaml", R"(
tasks:
  a:
    run: |
      echo ready >$MARKS
      read line
      echo "got $line" >$MARKS
    interactive: true
)");
  Call call{{"run", "errand.yaml"}};
  call.streams = Streams::terminal;
  call.prefix = {
      "sh", "-mc",
      "\"$0\" \"$@\"; echo \"stopped $?\" >$MARKS; read line <go; fg >/dev/null; exit $?"};
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->type("\x1a");
  errand->await_mark("stopped " + std::to_string(128 + SIGTSTP));
  test.open_gate("go");
  errand->type("words\n");
  errand->await_mark("got words");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE(
    "an interactive task of an errand in the background stops it, and goes on in the foreground") {
  OnTerminal test;
  test.write("errand.yaml",
             "tasks: { a: { run: 'read line; echo \"got $line\" >$MARKS', interactive: true } }");
  Call call{{"run", "errand.yaml"}};
  call.streams = Streams::terminal;
  call.prefix = {"sh", "-mc",
                 "\"$0\" \"$@\" & "
                 "while ! jobs >job || ! grep -qi stopped job; do sleep 0.1; done; "
                 "echo stopped >$MARKS; fg >/dev/null; exit $?"};
  const auto errand = test.start(call);
  errand->await_mark("stopped");
  errand->type("words\n");
  errand->await_mark("got words");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("without a terminal an interactive task just has errand's own descriptors") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: { run: 'cat; echo err >&2', interactive: true } }");
  Call call{{"run", "errand.yaml", "-q"}};
  call.input = "words\n";
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "words\n");
  CHECK(end.err == "err\n");
}

}  // namespace
}  // namespace errand::test
