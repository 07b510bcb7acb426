// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-Z, fg, and being stopped in other ways: with a shell that does job control on a terminal.
#include <csignal>
#include <fstream>

#include "support/cli.h"
#include "support/terminal_screen.h"

namespace errand::test {
namespace {

// errand as a job of a shell, which tells when the job has stopped, and continues it when the gate
// "go" opens.
struct Job : CliTest {
  Job() {
    make_gate("go");
    make_gate("gate");
    call.streams = Streams::terminal;
    in_shell("");
  }
  void in_shell(const std::string& while_stopped) {
    call.prefix = {"sh", "-mc",
                   "\"$0\" \"$@\"; echo \"stopped $?\" >$MARKS; read line <go; " + while_stopped +
                       " fg >/dev/null; exit $?"};
  }
  std::unique_ptr<Errand> start_job(std::string_view yaml) {
    write("errand.yaml", yaml);
    auto errand = start(call);
    errand->await_mark("ready");
    return errand;
  }
  static void await_stop(Errand& errand) {
    errand.await_mark("stopped " + std::to_string(128 + SIGTSTP));
  }
  pid_t pid_in(std::string_view file) const { return std::atoi(read(file).c_str()); }
  char state_of(std::string_view file) const {
    std::ifstream stat("/proc/" + std::to_string(pid_in(file)) + "/stat");
    std::string pid, name, state;
    stat >> pid >> name >> state;
    return state.empty() ? ' ' : state.front();
  }
  Call call{{"run"}};
};

TEST_CASE("Ctrl-Z stops the tasks and errand, and fg continues them") {
  Job job;
  const auto errand = job.start_job(
      "tasks: { a: echo $$ >pid; echo ready >$MARKS; read line <gate; echo continued >$MARKS }");
  errand->type("\x1a");
  Job::await_stop(*errand);
  CHECK(job.state_of("pid") == 'T');
  job.open_gate("gate");  // the task may go on, if it runs
  CHECK(job.marks().empty());
  job.open_gate("go");
  errand->await_mark("continued");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("the status line goes before errand stops, and at the end too") {
  Job job;
  job.call.env = {"TERM=xterm"};
  job.in_shell("echo back;");
  const auto errand =
      job.start_job("tasks: { a: echo ready >$MARKS; read line <gate; echo >$MARKS }");
  errand->await_output("1 running");
  errand->type("\x1a");
  Job::await_stop(*errand);
  const auto screen_of = [](const std::string& bytes) {
    TerminalScreen screen(80);
    screen.feed(bytes);
    return screen.text();
  };
  job.open_gate("go");
  errand->await_output("back");
  const std::string& out = errand->out();
  CHECK_FALSE(contains(screen_of(out.substr(0, out.find("back"))), "running"));
  job.open_gate("gate");
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK_FALSE(contains(screen_of(end.out), "running"));
}

TEST_CASE("time spent stopped does not count against timeouts") {
  Job job;
  job.in_shell("sleep 2.1;");  // longer than the timeouts
  const auto errand = job.start_job(R"(
timeout: 2s
tasks: { a: { run: echo ready >$MARKS; read line <gate, timeout: 2s } }
)");
  errand->type("\x1a");
  Job::await_stop(*errand);
  job.open_gate("go");
  job.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("Ctrl-Z stops a task that does not want to be stopped") {
  Job job;
  const auto errand = job.start_job(
      "tasks: { a: trap '' TSTP; echo $$ >pid; echo ready >$MARKS; read line <gate }");
  errand->type("\x1a");
  Job::await_stop(*errand);
  CHECK(job.state_of("pid") == 'T');
  job.open_gate("gate");
  job.open_gate("go");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("Ctrl-Z stops the tasks of an errand inside an errand") {
  Job job;
  job.write("inner.yaml", "tasks: { a: echo $$ >pid; echo ready >$MARKS; read line <gate }");
  const auto errand = job.start_job("tasks: { inner: [" ERRAND_BINARY ", run, inner.yaml] }");
  errand->type("\x1a");
  Job::await_stop(*errand);
  CHECK(job.state_of("pid") == 'T');
  job.open_gate("gate");
  job.open_gate("go");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("a stopped errand that is canceled continues its tasks to stop them") {
  Job job;
  const auto errand = job.start_job(
      "tasks: { a: 'trap \"touch clean; exit\" TERM; echo $PPID >errand; echo ready >$MARKS; eval "
      "$AWAIT_SIGNAL' }");
  errand->type("\x1a");
  Job::await_stop(*errand);
  CHECK(::kill(job.pid_in("errand"), SIGTERM) == 0);
  job.open_gate("go");
  CHECK(errand->finish().how() == "exit 143");
  CHECK(job.exists("clean"));
}

TEST_CASE("stopped tasks do not survive a SIGKILL of errand") {
  Job job;
  const auto errand = job.start_job(
      "tasks: { a: 'exec 9>$HELD; echo $PPID >errand; sleep 1000 & echo ready >$MARKS; wait' }");
  errand->type("\x1a");
  Job::await_stop(*errand);
  CHECK(::kill(job.pid_in("errand"), SIGKILL) == 0);
  job.open_gate("go");
  CHECK(errand->finish_killed().signal == 0);
  CHECK_FALSE(job.held());
}

TEST_CASE("Ctrl-Z where nobody could continue the job does not stop it") {
  CliTest test;
  test.make_gate("gate");
  test.write("errand.yaml", R"(
tasks:
  a: trap 'echo continued >$MARKS' CONT; echo ready >$MARKS; while ! test -e open; do sleep 0.1; done
)");
  Call call{{"run"}};
  call.streams = Streams::terminal;  // errand leads the session
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->type("\x1a");
  errand->await_mark("continued");
  test.write("open", "");
  CHECK(errand->finish().how() == "exit 0");
}

// The terminal stops whoever uses it from the background, and nobody could bring a task to the
// foreground.
TEST_CASE("a task that reads or sets the terminal without being interactive fails and says why") {
  struct Case {
    std::string run, told;
  };
  for (const Case& one :
       std::vector<Case>{{"read line </dev/tty", "SIGTTIN, it reads from the terminal"},
                         {"stty -echo </dev/tty", "SIGTTOU, it sets or writes to the terminal"}}) {
    CAPTURE(one.run);
    CliTest test;
    test.write("errand.yaml", "mode: aggregate\ntasks: { a: " + one.run + ", b: echo b }");
    Call call{{"run", "--color", "never"}};
    call.streams = Streams::terminal;
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 1");
    CHECK(contains(end.out,
                   "a: failed: stopped by " + one.told + ", which only an interactive task may"));
    CHECK(contains(end.out, "1 succeeded, 1 failed"));
  }
}

// A job of a shell that stays in the background until the gate "go" opens.
struct BackgroundJob : Job {
  explicit BackgroundJob(const std::string& before) {
    call.prefix = {"sh", "-mc",
                   before +
                       " \"$0\" \"$@\" & until grep -q Stopped jobs; do sleep 0.1; jobs >jobs; "
                       "done; echo \"stopped\" >$MARKS; read line <go; fg >/dev/null; exit $?"};
    write("jobs", "");
  }
};

TEST_CASE("errand in the background stops when its interactive task needs the terminal") {
  BackgroundJob job("");
  job.write("errand.yaml",
            "tasks: { a: { interactive: true, run: 'read line; echo \"got $line\" >$MARKS' } }");
  const auto errand = job.start(job.call);
  errand->await_mark("stopped");
  job.open_gate("go");
  errand->type("words\n");
  errand->await_mark("got words");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("errand in the background of a terminal with tostop stops when it writes, as others do") {
  BackgroundJob job("stty tostop;");
  job.write("errand.yaml", "tasks: { a: 'echo some words; touch done' }");
  const auto errand = job.start(job.call);
  errand->await_mark("stopped");
  job.open_gate("go");
  const Ended end = errand->finish();
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "some words"));
  CHECK(job.exists("done"));
}

TEST_CASE("tasks run on while errand itself is stopped by SIGSTOP") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml("tasks: { a: echo ready >$MARKS; read line <gate; exit 4 }");
  errand->await_mark("ready");
  errand->signal(SIGSTOP);
  test.open_gate("gate");
  errand->signal(SIGCONT);
  CHECK(errand->finish().how() == "exit 4");
}

}  // namespace
}  // namespace errand::test
