// SPDX-License-Identifier: Apache-2.0
//
// Processes with a terminal of their own. Ours is a matter of the built binary's tests.
#include <csignal>

#include "support/process_test.h"

namespace errand::test {
namespace {

struct TerminalTest : ProcessTest {
  ProcessEnd run_script(std::string text) {
    Command made = command({"sh", "-ec", std::move(text)});
    made.output = Command::Output::terminal;
    return run(std::move(made), kept);
  }
  using ProcessTest::run;
  Kept kept;
};

TEST_CASE("a process can have a terminal of its own for input, output and errors") {
  TerminalTest test;
  const ProcessEnd end =
      test.run_script("test -t 0; test -t 1; test -t 2; stty size; tty >/dev/tty; exit 5");
  CHECK(end.status == ExitStatus::exited(5));
  CHECK_FALSE(end.no_terminal);
  CHECK(end.notices.empty());
  CHECK(test.kept.out.starts_with("24 80\n/dev/pts/"));
  CHECK(test.kept.err == "");
}

TEST_CASE("bytes come through a terminal as they were written, in the order of both streams") {
  TerminalTest test;
  test.run_script("printf '\\033[31mred\\033[0m\\n'; echo err >&2; printf '\\001\\377\\r\\nlast'");
  CHECK(test.kept.out == "\033[31mred\033[0m\nerr\n\001\377\r\nlast");
}

TEST_CASE("everything comes through a terminal, however much it is") {
  TerminalTest test;
  CHECK(
      test.run_script("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); done").status ==
      ExitStatus::exited(0));
  CHECK(test.kept.out.ends_with("line 19999\n"));
  CHECK(std::count(test.kept.out.begin(), test.kept.out.end(), '\n') == 20000);
}

TEST_CASE("the input of a terminal of its own has ended") {
  TerminalTest test;
  CHECK(test.run_script("if read line; then echo \"got $line\"; else echo none; fi").status ==
        ExitStatus::exited(0));
  CHECK(test.kept.out == "none\n");
}

TEST_CASE("a process with a terminal leads a session, whose foreground it has") {
  TerminalTest test;
  Command command = test.probe({"group", "death-signal", "session", "descriptors"});
  command.output = Command::Output::terminal;
  test.run(command, test.kept);
  CHECK(test.kept.out == "leader\n9\nsession leader, foreground\n0 1 2\n");
}

TEST_CASE("a process with a terminal is stopped with all that it has started") {
  TerminalTest test;
  auto [context, cancel] = with_cancel(test.background());
  test.kept.on_write = [&] {
    if (test.kept.out.ends_with("ready\n")) cancel(Error::text("enough"));
  };
  // Job control makes groups of their own.
  Command command = test.command(
      {"sh", "-c", "trap '' HUP; set -m; (trap '' HUP TERM; sleep 300) & echo ready; wait"});
  command.output = Command::Output::terminal;
  const ProcessEnd end =
      test.run(run_process(test.reaper(), context, test.background(), command, {}, test.kept));
  CHECK(end.stopped);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  // The fixture proves that no child is left.
}

TEST_CASE("what a process with a terminal leaves behind loses it, and is killed") {
  TerminalTest test;
  const ProcessEnd end = test.run_script("trap '' HUP; sleep 300 & echo done");
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(test.kept.out == "done\n");
  REQUIRE(end.notices.size() == 1);
  CHECK(end.notices.front().starts_with("left behind: sleep 300"));
}

TEST_CASE("a program that is missing says so with a terminal too") {
  TerminalTest test;
  Command command = test.command({"/no/such"});
  command.output = Command::Output::terminal;
  const ProcessEnd end = test.run(command, test.kept);
  CHECK(end.error.message() == "exec '/no/such': No such file or directory");
}

}  // namespace
}  // namespace errand::test
