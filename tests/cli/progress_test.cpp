// SPDX-License-Identifier: Apache-2.0
//
// The status line on a real terminal. How it looks and when is tested with virtual time in
// tests/console.
#include <csignal>

#include "support/cli.h"
#include "support/terminal_screen.h"

namespace errand::test {
namespace {

// What is on an 80 columns wide terminal at the end.
std::string screen_of(const std::string& bytes) {
  TerminalScreen screen(80);
  screen.feed(bytes);
  return screen.text();
}

struct OnTerminal : CliTest {
  OnTerminal() { make_gate("gate"); }
  // Asked for, because it does not come by itself without colour, which would be in the way.
  Call call(std::vector<std::string> options = {}) const {
    Call call{{"run", "--color=never", "--progress=bar"}};
    call.args.insert(call.args.end(), options.begin(), options.end());
    call.streams = Streams::terminal;
    call.env = {"TERM=xterm"};
    return call;
  }
};

TEST_CASE("the status line leaves nothing behind, in any mode") {
  for (const char* mode : {"live", "group", "ordered", "errors", "quiet"}) {
    CAPTURE(mode);
    OnTerminal test;
    test.write("errand.yaml",
               "jobs: 0\ntasks: { a: echo one; read line <gate; echo two, b: 'true' }");
    const auto errand = test.start(test.call({"-o", mode}));
    errand->await_output("1 running, 1/2 done, ");
    errand->await_output("longest: a ");
    test.open_gate("gate");
    const Ended end = errand->finish();
    CHECK(end.how() == "exit 0");
    const std::string screen = screen_of(end.out);
    CHECK_FALSE(contains(screen, "running"));
    CHECK_FALSE(contains(screen, "\x1b"));
    CHECK(count(screen, "one\n") ==
          (mode == std::string("errors") || mode == std::string("quiet") ? 0 : 1));
    CHECK(screen.ends_with("2 tasks: 2 succeeded in " + screen.substr(screen.rfind(' ') + 1)));
  }
}

TEST_CASE("the status line goes before errand dies of a signal") {
  OnTerminal test;
  test.write("errand.yaml", "tasks: { a: exec sleep 1000 }");
  const auto errand = test.start(test.call());
  errand->await_output("1 running");
  errand->signal(SIGTERM);
  const Ended end = errand->finish();
  CHECK(end.how() == "signal 15");
  CHECK_FALSE(contains(screen_of(end.out), "running"));
}

TEST_CASE("in a narrow window the line is cut") {
  OnTerminal test;
  test.write("errand.yaml", "tasks: { a: echo >$MARKS; read line <gate }");
  Call call = test.call();
  call.prefix = {"sh", "-c", "stty cols 40; exec \"$0\" \"$@\""};
  const auto errand = test.start(call);
  errand->await_output("1 running, 0/1 done, ");
  errand->await_output("…");
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("a window that changes its size gets a line of the new width at once") {
  OnTerminal test;
  // Nothing runs, so no clock draws the line anew.
  test.write(
      "errand.yaml",
      "tasks: { a: { run: exit 1, retry: { count: 1, delay: 1h, max_delay: 1h, jitter: none } } }");
  const auto errand = test.start(test.call());
  errand->await_output("0 running, 1 waiting, 0/1 done");
  errand->resize(20);
  errand->await_output("0 running, 1 waiti…\r");
  errand->signal(SIGTERM);
  CHECK(errand->finish().how() == "signal 15");
}

TEST_CASE("with standard output in a file the status line is on the terminal alone") {
  OnTerminal test;
  test.write("errand.yaml", "tasks: { a: echo out; read line <gate }");
  for (const char* mode : {"live", "ordered"}) {
    Call call = test.call({"-o", mode});
    call.out_file = test / "out";
    test.write("out", "");
    const auto errand = test.start(call);
    errand->await_output("1 running, 0/1 done, ");
    test.open_gate("gate");
    CHECK_FALSE(contains(screen_of(errand->finish().out), "running"));
    CHECK(test.read("out") == (mode == std::string("live") ? "a | out\n" : "out\n"));
  }
}

TEST_CASE("a terminal with colour gets a status line without being asked, one without gets none") {
  for (const char* color : {"auto", "always", "never"}) {
    CAPTURE(color);
    OnTerminal test;
    // Longer than it takes a status line to show.
    test.write("errand.yaml", "tasks: { a: sleep 0.3 }");
    Call call{{"run", "--color", color}};
    call.streams = Streams::terminal;
    call.env = {"TERM=xterm"};
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    const bool has_color = color != std::string("never");
    CHECK(contains(end.out, "running") == has_color);
    CHECK(contains(end.out, "\x1b") == has_color);
  }
}

TEST_CASE("there is no status line where nobody could read it") {
  struct Case {
    std::vector<std::string> env, options;
  };
  const std::vector<Case> cases = {{{"TERM=dumb"}, {}},
                                   {{}, {}},
                                   {{"TERM=xterm"}, {"--progress", "none"}},
                                   {{"TERM=xterm"}, {"--progress=plain"}},
                                   {{"TERM=xterm", "ERRAND_PROGRESS=none"}, {}},
                                   {{"TERM=xterm", "CI=true"}, {}},
                                   {{"TERM=xterm"}, {"-q"}},
                                   {{"TERM=xterm", "NO_COLOR=1"}, {"--progress=auto"}},
                                   {{"TERM=xterm"}, {"-o", "raw"}}};
  for (const Case& one : cases) {
    CAPTURE(one.env, one.options);
    OnTerminal test;
    // Longer than it takes a status line to show, where there is one.
    test.write("errand.yaml", "jobs: 0\ntasks: { a: echo one, b: sleep 0.3 }");
    Call call{{"run"}};
    call.args.insert(call.args.end(), one.options.begin(), one.options.end());
    call.streams = Streams::terminal;
    call.env = one.env;
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    CHECK_FALSE(contains(end.out, "running"));
    CHECK_FALSE(contains(end.out, "\x1b[J"));
  }
}

TEST_CASE("a pipe gets no status line, whatever is asked for") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: sleep 0.3 }", {"--progress=bar"});
  CHECK(end.how() == "exit 0");
  CHECK_FALSE(contains(end.err, "\x1b"));
  CHECK_FALSE(contains(end.err, "running"));
  CHECK(test.run({"run", "--progress=much"}).how() == "exit 125");
}

TEST_CASE("an interactive task has the terminal without a status line") {
  OnTerminal test;
  test.write("errand.yaml", R"(
tasks:
  ask: { run: 'printf "name? "; read name; echo "hello $name"', interactive: true }
)");
  const auto errand = test.start(test.call());
  errand->await_output("name? ");
  errand->type("you\n");
  errand->await_output("hello you");
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK_FALSE(contains(end.out, "running"));
}

}  // namespace
}  // namespace errand::test
