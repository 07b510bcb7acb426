// SPDX-License-Identifier: Apache-2.0
//
// Nothing is left behind. Errand::finish() checks after every errand of every test that no process
// has outlived it; here are those that try. $HELD is held open by a process and whatever it starts.
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kDeaf = "trap '' TERM INT HUP; ";

// A task with this script is left by its main process or stopped, in each of the ways there are.
struct Escape {
  const char* how;
  std::string script;  // ends with "ready" in $MARKS
};

const std::vector<Escape>& escapes() {
  static const std::vector<Escape> all = {
      {"in the background", "exec 9>$HELD; sleep 1000 & echo ready >$MARKS; sleep 1000"},
      {"in the background, deaf",
       kDeaf + "exec 9>$HELD; sleep 1000 & echo ready >$MARKS; sleep 1000"},
      {"in a session of its own",
       "exec 9>$HELD; setsid sh -c 'echo ready >$MARKS; sleep 1000' & sleep 1000"},
      {"in a session of its own, deaf",
       kDeaf + "exec 9>$HELD; setsid sh -c 'echo ready >$MARKS; sleep 1000' & sleep 1000"},
      {"by a double fork",
       "exec 9>$HELD; (setsid sh -c '(echo ready >$MARKS; sleep 1000) &'); sleep 1000"},
      {"by a double fork, deaf",
       kDeaf + "exec 9>$HELD; (setsid sh -c '(echo ready >$MARKS; sleep 1000) &'); sleep 1000"},
  };
  return all;
}

std::string task(const std::string& script) {
  std::string text = "    run: |\n";
  return text + "      " + script + "\n";
}

TEST_CASE("[P1] what a stopped task started is gone with it: after a failure elsewhere") {
  for (const Escape& escape : escapes()) {
    CAPTURE(escape.how);
    CliTest test;
    test.make_gate("gate");
    const auto errand = test.start_yaml("jobs: 0\ngrace: 200ms\ntasks:\n  stops:\n" +
                                        task(escape.script) + "  fails: read line <gate; exit 3\n");
    errand->await_mark("ready");
    test.open_gate("gate");
    CHECK(errand->finish().how() == "exit 3");
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("[P1] what a stopped task started is gone with it: after a signal") {
  for (const Escape& escape : escapes()) {
    CAPTURE(escape.how);
    CliTest test;
    const auto errand = test.start_yaml("grace: 200ms\ntasks:\n  stops:\n" + task(escape.script));
    errand->await_mark("ready");
    errand->signal(SIGINT);
    CHECK(errand->finish().signal == SIGINT);
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("what a task leaves in its group is killed and told, and the task keeps its result") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { leaky: 'exec 9>$HELD; sleep 1000 & echo done' }");
  CHECK(end.how() == "exit 0");
  CHECK_FALSE(test.held());
  CHECK(contains(end.err, "leaky: warning: left behind: "));
  CHECK(contains(end.err, "sleep 1000"));  // or the shell that is about to be it
  CHECK(contains(end.out, "done\n"));
}

TEST_CASE("[P30] a leftover that holds the output open does not hang errand") {
  CliTest test;
  for (const char* start :
       {"sleep 1000 &", "setsid sleep 1000 &", "(setsid sh -c 'sleep 1000 &');"}) {
    CAPTURE(start);
    const Ended end = test.run_yaml("tasks: { leaky: { run: \"exec 9>$HELD; " + std::string(start) +
                                    " echo done\" } }");
    CHECK(end.how() == "exit 0");
    CHECK_FALSE(test.held());
    CHECK(contains(end.err, "left behind: "));
    CHECK(contains(end.err, "sleep 1000"));  // or the program that is about to be it
  }
}

TEST_CASE("[P1] a daemon with nothing of the task's open is gone when errand is") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
tasks:
  daemon: exec 9>$HELD; setsid sh -c 'sleep 1000 >/dev/null 2>&1 &' >/dev/null 2>&1
)");
  CHECK(end.how() == "exit 0");
  CHECK_FALSE(test.held());
  CHECK(contains(end.err, "left behind: "));
}

TEST_CASE("[P4] tasks do not survive a SIGKILL of errand") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
jobs: 0
tasks:
  shell: exec 9>$HELD; echo ready >$MARKS; while :; do :; done
  deaf: trap '' TERM INT HUP; exec 9>$HELD; echo ready >$MARKS; exec sleep 1000
)");
  errand->await_mark("ready");
  errand->await_mark("ready");
  errand->signal(SIGKILL);
  CHECK(errand->finish_killed().signal == SIGKILL);
}

TEST_CASE("[P19] an errand inside an errand leaves nothing behind") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    CliTest test;
    test.write(
        "inner.yaml",
        "grace: 200ms\ntasks: { a: 'exec 9>$HELD; echo ready >$MARKS; sleep 1000 & sleep 1000' }");
    const auto errand = test.start_yaml("tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }");
    errand->await_mark("ready");
    errand->signal(number);
    const Ended end = errand->finish();
    CHECK(end.signal == number);
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("[P19] a SIGKILL of the outer errand ends the inner one and its tasks") {
  CliTest test;
  test.write("inner.yaml", "tasks: { a: exec 9>$HELD; echo ready >$MARKS; exec sleep 1000 }");
  const auto errand = test.start_yaml("tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }");
  errand->await_mark("ready");
  errand->signal(SIGKILL);
  CHECK(errand->finish_killed().signal == SIGKILL);
}

TEST_CASE("an errand inside an errand that will not end goes with the outer grace") {
  CliTest test;
  test.write("inner.yaml",
             "grace: 1h\ntasks: { a: \"trap '' INT TERM; exec 9>$HELD; echo ready >$MARKS; sleep "
             "1000 & wait; sleep 1000\" }");
  const auto errand =
      test.start_yaml("grace: 200ms\ntasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK_FALSE(test.held());
}

TEST_CASE("the exit status of an errand inside an errand comes out") {
  CliTest test;
  test.write("inner.yaml", "tasks: { a: exit 80 }");
  CHECK(test.run_yaml("tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }").how() == "exit 80");
  test.write("inner.yaml", "tasks: { a: kill -SEGV $$ }");
  CHECK(test.run_yaml("tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }").how() ==
        "exit 139");
}

// As process 1 of a namespace. Skipped where that is not permitted.
std::vector<std::string> process_one() {
  const std::string unshare = find_program("unshare");
  if (unshare.empty() ||
      std::system((unshare + " --pid --fork --mount-proc true 2>/dev/null").c_str()) != 0) {
    WARN("skipped: no new process namespace is permitted here");
    return {};
  }
  return {unshare, "--pid", "--fork", "--mount-proc", "--kill-child"};
}

TEST_CASE("as process 1 errand cleans up after TERM and exits with 143") {
  Call call{{"run"}};
  call.prefix = process_one();
  if (call.prefix.empty()) return;
  CliTest test;
  // $PPID of the task is errand: the signal comes from inside, where it is process 1.
  test.write(
      "errand.yaml",
      "tasks: { a: 'trap \"touch clean; exit\" TERM; kill -TERM $PPID; eval $AWAIT_SIGNAL' }");
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 143");
  CHECK(test.exists("clean"));
  CHECK(contains(end.err, "a: canceled: received SIGTERM\n"));
}

TEST_CASE("as process 1 errand reaps orphans that are not its own") {
  Call call{{"run"}};
  call.prefix = process_one();
  if (call.prefix.empty()) return;
  CliTest test;
  // The orphan's id is told; when it is gone from /proc it has been reaped, not only ended.
  test.write("errand.yaml", R"(
tasks:
  a: |
    (setsid sh -c 'exec 2>&- >&-; echo $$ >orphan; exec true' &)
    while ! test -s orphan; do :; done
    while test -e /proc/$(cat orphan); do :; done
    echo reaped
)");
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "reaped\n"));
}

}  // namespace
}  // namespace errand::test
