// SPDX-License-Identifier: Apache-2.0
//
// Signals to errand, by kill and by a terminal, and what becomes of the tasks.
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

// Counts the signals it gets; its clean-up ends when there is a file "open".
const std::string kCounting = R"(
tasks:
  a: |
    for name in INT TERM HUP; do trap "echo $name >>got; echo cleaning >$MARKS" $name; done
    exec 9>$HELD
    echo ready >$MARKS
    while ! test -e open; do sleep 0.1 || :; done
    touch clean
)";

TEST_CASE("[P2] a child gets exactly one signal and its clean-up is waited for") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    CliTest test;

    const auto errand = test.start_yaml(kCounting, {"--grace", "1h"});
    errand->await_mark("ready");
    errand->signal(number);
    errand->await_mark("cleaning");
    test.write("open", "");
    const Ended end = errand->finish();
    CHECK(end.signal == number);
    CHECK(test.exists("clean"));
    const std::string name = number == SIGINT ? "INT" : number == SIGTERM ? "TERM" : "HUP";
    CHECK(test.read("got") == name + "\n");
    CHECK(contains(end.err, "1 task: 1 canceled in "));
    CHECK(contains(end.err, "a: canceled: received SIG" + name + "\n"));
  }
}

TEST_CASE("[P2] Ctrl-C on a terminal reaches a child once") {
  CliTest test;

  test.write("errand.yaml", kCounting);
  Call call{{"run", "--grace", "1h"}};
  call.streams = Streams::terminal;
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->type("\x03");
  errand->await_mark("cleaning");
  test.write("open", "");
  CHECK(errand->finish().signal == SIGINT);
  CHECK(test.read("got") == "INT\n");
  CHECK(test.exists("clean"));
}

TEST_CASE("[P3] Ctrl-C twice on a terminal kills what does not want to end") {
  CliTest test;
  test.write("errand.yaml", R"(
grace: 1h
tasks:
  a: 'trap "echo >$MARKS got" INT; exec 9>$HELD; echo ready >$MARKS; eval $AWAIT_SIGNAL'
)");
  Call call{{"run"}};
  call.streams = Streams::terminal;
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->type("\x03");
  errand->await_mark("got");
  errand->type("\x03");
  CHECK(errand->finish().signal == SIGINT);
  CHECK_FALSE(test.held());
}

TEST_CASE("[P4] a terminal that goes away cancels the run with SIGHUP") {
  CliTest test;
  test.write("errand.yaml", R"(
tasks:
  a: 'trap "touch clean; exit" HUP; exec 9>$HELD; echo ready >$MARKS; eval $AWAIT_SIGNAL'
)");
  Call call{{"run", "--report", "json=report.json"}};
  call.streams = Streams::terminal;
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->hang_up();
  CHECK(errand->finish().signal == SIGHUP);
  CHECK(test.exists("clean"));
  CHECK(contains(test.read("report.json"), "received SIGHUP"));
  CHECK_FALSE(test.held());
}

TEST_CASE("a signal that errand was started to ignore stays ignored") {
  CliTest test;
  test.make_gate("gate");
  test.write("errand.yaml", "tasks: { a: echo ready >$MARKS; read line <gate }");
  Call call{{"run"}};
  call.prefix = {"sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""};  // as nohup does
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->signal(SIGHUP);
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("[P3] while it waits for the grace errand names whom it waits for") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
tasks:
  deaf: trap '' INT; exec 9>$HELD; echo ready >$MARKS; eval $AWAIT_SIGNAL
)",
                                      {"--grace", "1h"});
  errand->await_mark("ready");
  errand->signal(SIGINT);
  errand->await_output("errand: waiting for deaf (59m");
  errand->signal(SIGINT);
  CHECK(errand->finish().signal == SIGINT);
}

TEST_CASE("waiting tasks are not started after a signal and name it as their cause") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
mode: aggregate
jobs: 1
tasks:
  a: echo ready >$MARKS; sleep 1000
  b: touch b
  group: { tasks: { c: touch c } }
  d: { needs: [a], run: touch d }
)");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  const Ended end = errand->finish();
  CHECK(end.signal == SIGTERM);
  CHECK(test.names() == std::vector<std::string>{"errand.yaml"});
  CHECK(contains(end.err, "4 tasks: 4 canceled in "));
  CHECK(contains(end.err, "canceled: 4 tasks: received SIGTERM\n"));
  CHECK(last_lines(end.err, 1) == "errand: received SIGTERM\n");
}

TEST_CASE("a stopped task can be stopped for good") {
  CliTest test;
  const auto errand =
      test.start_yaml("grace: 1h\ntasks: { a: 'exec 9>$HELD; echo ready >$MARKS; kill -STOP $$' }");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK_FALSE(test.held());
}

TEST_CASE("signals while nothing runs yet end errand, too") {
  CliTest test;
  Call call{{"run", "-"}};
  call.input_stays_open = true;
  call.input = "\"echo ready >$MARKS\"\n";
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->signal(SIGINT);
  CHECK(errand->finish().signal == SIGINT);
}

}  // namespace
}  // namespace errand::test
