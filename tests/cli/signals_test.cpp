// SPDX-License-Identifier: Apache-2.0
//
// Signals to errand, by kill and by a terminal, and what becomes of the tasks.
#include <chrono>
#include <csignal>

#include "support/cli.h"

namespace errand::test {

using namespace std::chrono_literals;
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

// ---- readers that do not read

// Starts a task that writes more than any pipe holds, and waits until it has ended.
std::unique_ptr<Errand> stalled(CliTest& test, std::vector<std::string> options,
                                const std::string& script) {
  Call call{{"exec", "-o", "group", "-q"}};
  call.args.insert(call.args.end(), options.begin(), options.end());
  call.args.push_back(script);
  call.reads_out = false;
  return test.start(call);
}

TEST_CASE("[F4.11] a signal while the last output waits for its reader is errand's end") {
  CliTest test;
  const auto started = std::chrono::steady_clock::now();
  const auto errand = stalled(test, {"--grace", "300ms"}, "seq 1 3000000; echo done >$MARKS");
  errand->await_mark("done");
  errand->signal(SIGTERM);
  const Ended end = errand->finish_unread();
  CHECK(end.signal == SIGTERM);
  CHECK(end.out.size() < 22'888'896);
  CHECK(contains(end.err, " bytes of output: nobody has read them from standard output in time"));
  CHECK(std::chrono::steady_clock::now() - started < 20s);
}

TEST_CASE("[F4.11] what was given up and what was read are all there is") {
  CliTest test;
  const auto errand = stalled(test, {"--grace", "0"}, "seq 1 3000000; echo done >$MARKS");
  errand->await_mark("done");
  errand->signal(SIGINT);
  const Ended end = errand->finish_unread();
  CHECK(end.signal == SIGINT);
  const std::size_t at = end.err.find("gave up ");
  REQUIRE(at != end.err.npos);
  CHECK(std::stoull(end.err.substr(at + 8)) + end.out.size() == 22'888'896);
}

TEST_CASE("[F4.11] the grace does not count twice") {
  CliTest test;
  const auto errand = stalled(
      test, {"--grace", "2s"},
      "trap '' TERM; exec 9>$HELD; seq 1 3000000; echo done >$MARKS; while :; do sleep 1; done");
  errand->await_mark("done");
  const auto signaled = std::chrono::steady_clock::now();
  errand->signal(SIGTERM);
  const Ended end = errand->finish_unread();
  CHECK(end.signal == SIGTERM);
  CHECK(contains(end.err, "gave up "));
  const auto took = std::chrono::steady_clock::now() - signaled;
  CHECK(took >= 2s);
  CHECK(took < 3900ms);  // twice the grace is 4s
}

TEST_CASE("[F4.11] a reader that reads gets all of it, also after a signal") {
  CliTest test;
  Call call{{"exec", "-o", "group", "-q", "--grace", "0",
             "trap '' TERM; seq 1 3000000; echo done >$MARKS; while :; do sleep 1; done"}};
  const auto errand = test.start(call);
  errand->await_mark("done");
  errand->signal(SIGTERM);
  const Ended end = errand->finish();
  CHECK(end.signal == SIGTERM);
  CHECK(end.out.size() == 22'888'896);
}

// ---- what the parent left

TEST_CASE("[F4.12] a signal that the parent has blocked is heard all the same") {
  CliTest test;
  Call call{{"exec", "exec 9>$HELD; echo ready >$MARKS; eval \"$AWAIT_SIGNAL\""}};
  call.prefix = {"/usr/bin/env", "--block-signal=TERM,INT,HUP,QUIT,CHLD"};
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
}

}  // namespace
}  // namespace errand::test
