// SPDX-License-Identifier: Apache-2.0
//
// When errand itself is killed, nothing of its tasks survives. Errand::finish_killed() waits until
// every process is gone that errand, or a task of it, has started: a survivor hangs the test.
#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kDeaf = "trap '' TERM INT HUP; ";
const std::string kErrand = ERRAND_BINARY;

struct Survivor {
  const char* how;
  std::string script;  // ends with "ready" in $MARKS
};

const std::vector<Survivor>& survivors() {
  static const std::vector<Survivor> all = {
      {"in the background", "exec 9>$HELD; sleep 1000 & echo ready >$MARKS; wait"},
      {"deaf", kDeaf + "exec 9>$HELD; sleep 1000 & echo ready >$MARKS; wait"},
      {"with an empty environment", "exec 9>$HELD; env -i sleep 1000 & echo ready >$MARKS; wait"},
      {"in a session of its own",
       "exec 9>$HELD; setsid sh -c 'echo ready >$MARKS; sleep 1000' & wait"},
      {"by a double fork",
       "exec 9>$HELD; (setsid sh -c '(echo ready >$MARKS; sleep 1000) &'); sleep 1000"},
      {"as a daemon, holding nothing of errand's open",
       "exec 9>$HELD; (setsid sh -c '(echo ready >$MARKS; sleep 1000) &' </dev/null >/dev/null "
       "2>&1);"
       " sleep 1000"},
      {"stopped", "exec 9>$HELD; sh -c 'echo ready >$MARKS; kill -STOP $$; sleep 1000' & wait"},
      {"stopped in a session of its own",
       "exec 9>$HELD; setsid sh -c 'echo ready >$MARKS; kill -STOP $$; sleep 1000' & wait"},
      {"forking all the time",
       "exec 9>$HELD; echo ready >$MARKS; while :; do sleep 1000 & sleep 0; done"},
      {"forking all the time into sessions of its own",
       "exec 9>$HELD; echo ready >$MARKS; while :; do setsid sleep 1000 & sleep 0; done"},
  };
  return all;
}

std::string task(const std::string& script) {
  return "tasks:\n  a:\n    run: |\n      " + script + "\n";
}

// The id of errand's guardian, once it has its name.
pid_t guardian_of(pid_t errand) {
  const std::string task = "/proc/" + std::to_string(errand) + "/task/" + std::to_string(errand);
  for (;;) {  // the limit of the test program is the limit here
    std::ifstream children(task + "/children");
    for (pid_t child = 0; children >> child;) {
      std::ifstream name("/proc/" + std::to_string(child) + "/comm");
      std::string text;
      if (std::getline(name, text) && text == "guardian") return child;
    }
    ::sched_yield();
  }
}

char state_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string id, name, state;
  stat >> id >> name >> state;
  return state.empty() ? ' ' : state.front();
}

TEST_CASE("[P4] what tasks started does not survive a SIGKILL of errand") {
  for (const Survivor& survivor : survivors()) {
    CAPTURE(survivor.how);
    CliTest test;
    const auto errand = test.start_yaml(task(survivor.script));
    errand->await_mark("ready");
    errand->signal(SIGKILL);
    CHECK(errand->finish_killed().signal == SIGKILL);
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("what tasks started does not survive a crash of errand") {
  CliTest test;
  const auto errand = test.start_yaml(task(survivors().front().script));
  errand->await_mark("ready");
  errand->signal(SIGABRT);
  CHECK(errand->finish_killed().signal == SIGABRT);
  CHECK_FALSE(test.held());
}

TEST_CASE("what tasks started does not survive a SIGKILL of errand's whole group") {
  CliTest test;
  const auto errand = test.start_yaml(task(survivors().front().script));
  errand->await_mark("ready");
  REQUIRE(::kill(-errand->pid(), SIGKILL) == 0);
  CHECK(errand->finish_killed().signal == SIGKILL);
  CHECK_FALSE(test.held());
}

TEST_CASE("what many tasks started does not survive a SIGKILL of errand") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
jobs: 0
tasks: { )" + [] {
    std::string tasks;
    for (int i = 0; i < 60; ++i) {
      tasks += "t" + std::to_string(i) + ": 'exec 9>$HELD; sleep 1000 & echo ready >$MARKS; wait',";
    }
    return tasks + " }";
  }());
  for (int i = 0; i < 60; ++i) errand->await_mark("ready");
  errand->signal(SIGKILL);
  CHECK(errand->finish_killed().signal == SIGKILL);
  CHECK_FALSE(test.held());
}

TEST_CASE("[P19] a SIGKILL of the outer errand ends what the tasks of an inner one started") {
  for (const Survivor& survivor : survivors()) {
    CAPTURE(survivor.how);
    CliTest test;
    test.write("inner.yaml", task(survivor.script));
    const auto errand = test.start_yaml("tasks: { inner: " + kErrand + " run inner.yaml; true }");
    errand->await_mark("ready");
    errand->signal(SIGKILL);
    CHECK(errand->finish_killed().signal == SIGKILL);
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("processes that are none of the tasks' survive") {
  CliTest test;
  // Started by the shell that becomes errand: a child of it, and in its group.
  test.make_gate("gate");
  test.write("errand.yaml", task("echo ready >$MARKS; sleep 1000 & wait"));
  Call call{{"run"}};
  call.prefix = {"sh", "-c", "(read line <gate; echo survived >$MARKS) & exec \"$0\" \"$@\""};
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->signal(SIGKILL);
  test.open_gate("gate");
  CHECK(errand->finish_killed().signal == SIGKILL);
  CHECK(test.marks() == std::vector<std::string>{"survived"});
}

TEST_CASE("the guardian holds nothing of errand's open and is in no group of others") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml("tasks: { a: echo ready >$MARKS; read line <gate }");
  errand->await_mark("ready");
  const pid_t guardian = guardian_of(errand->pid());
  CHECK(::getpgid(guardian) == guardian);
  const std::string script = "ls /proc/" + std::to_string(guardian) + "/fd | wc -l >descriptors";
  CHECK(std::system(("cd " + test.path() + " && " + script).c_str()) == 0);
  CHECK(test.read("descriptors") == "0\n");
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("signals do not end the guardian") {
  CliTest test;
  const auto errand = test.start_yaml(task(survivors().front().script));
  errand->await_mark("ready");
  const pid_t guardian = guardian_of(errand->pid());
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGPIPE, SIGALRM}) {
    CHECK(::kill(guardian, number) == 0);
  }
  errand->signal(SIGKILL);
  CHECK(errand->finish_killed().signal == SIGKILL);
  CHECK_FALSE(test.held());
}

TEST_CASE("errand goes on when its guardian is killed") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(
      "tasks: { a: echo ready >$MARKS; read line <gate, b: { needs: [a], run: exit 3 } }", {"-v"});
  errand->await_mark("ready");
  const pid_t guardian = guardian_of(errand->pid());
  CHECK(::kill(guardian, SIGKILL) == 0);
  while (state_of(guardian) != 'Z') ::sched_yield();
  test.open_gate("gate");
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 3");
  CHECK(contains(end.err, "errand: the guardian was killed\n"));
}

// The guardian is kept at the brink of its end, where errand waits for it.
TEST_CASE("a signal that comes when the run has ended does not end errand before its guardian") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml("tasks: { a: echo ready >$MARKS; read line <gate; exit 5 }");
  errand->await_mark("ready");
  const pid_t guardian = guardian_of(errand->pid());
  if (::ptrace(PTRACE_SEIZE, guardian, nullptr, PTRACE_O_TRACEEXIT) != 0) {
    WARN("skipped: tracing is not permitted here");
    test.open_gate("gate");
    errand->finish();
    return;
  }
  test.open_gate("gate");
  REQUIRE(::waitpid(guardian, nullptr, __WALL) == guardian);
  const auto awaits_guardian = [&] {
    std::ifstream file("/proc/" + std::to_string(errand->pid()) + "/syscall");
    std::string number, argument;
    file >> number >> argument;
    return number == std::to_string(SYS_wait4) &&
           std::strtol(argument.c_str(), nullptr, 16) == guardian;
  };
  while (!awaits_guardian()) ::sched_yield();
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) errand->signal(number);
  REQUIRE(::ptrace(PTRACE_DETACH, guardian, nullptr, nullptr) == 0);
  CHECK(errand->finish().how() == "exit 5");
}

TEST_CASE("a signal that comes before the run has begun ends errand and its guardian") {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    CAPTURE(number);
    CliTest test;
    REQUIRE(::mkfifo((test / "plan.yaml").c_str(), 0600) == 0);
    const auto errand = test.start(Call{{"run", "plan.yaml"}});
    // Returns when errand reads.
    const UniqueFd plan(::open((test / "plan.yaml").c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(plan);
    errand->signal(number);
    CHECK(errand->finish().signal == number);
  }
}

TEST_CASE("-v tells what keeps processes from being left behind") {
  CliTest test;
  CHECK(contains(test.run_yaml("tasks: { a: 'true' }", {"-v"}).err, "nothing is left behind: "));
  CHECK_FALSE(contains(test.run_yaml("tasks: { a: 'true' }").err, "nothing is left behind"));
}

}  // namespace
}  // namespace errand::test
