// SPDX-License-Identifier: Apache-2.0
#include "errand/console/console.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

// A console whose descriptors are files, apart or one and the same.
struct Screen {
  explicit Screen(ConsoleOptions options, bool apart = false)
      : console(out, apart ? err : out, space, options) {}
  Screen(OutputMode mode, bool apart = false)
      : Screen(ConsoleOptions{mode, Verbosity::normal}, apart) {}

  void start(const Plan& plan) {
    console.on(at(0s, RunStarted{"id", "ci", Mode::errgroup, &plan, 0}));
  }
  void end(const TaskEnded& ended) { console.on(at(1s, ended)); }
  // One attempt that writes this, and its end.
  void run(const Task& task, std::string_view bytes, const TaskEnded& ended) {
    CHECK_FALSE(console.open(task, 1)->write(StdStream::out, bytes));
    end(ended);
  }
  std::string text() const { return out_file.text(); }

  Loop loop;
  OutputFile out_file, err_file;
  Writer out{loop.runtime, out_file.fd(), "standard output"};
  Writer err{loop.runtime, err_file.fd(), "standard error"};
  SpillSpace space{"/tmp"};
  Console console;
};

}  // namespace

TEST_CASE("live: whole lines carry padded labels, however they arrive") {
  Screen screen(OutputMode::live);
  const Plan plan = make_plan({"build", "lint", "lint/format"});
  screen.start(plan);
  {
    const auto build = screen.console.open(plan.task(1), 1);
    const auto format = screen.console.open(plan.task(3), 1);
    CHECK_FALSE(build->write(StdStream::out, "one\ntw"));
    CHECK_FALSE(format->write(StdStream::out, "a\n\n"));
    CHECK_FALSE(build->write(StdStream::out, "o\nthree"));
    CHECK_FALSE(format->write(StdStream::out, "b"));
    CHECK(screen.text() ==
          "build       | one\n"
          "lint/format | a\n"
          "lint/format | \n"
          "build       | two\n");
  }
  CHECK(screen.text().substr(67) ==
        "lint/format | b\n"
        "build       | three\n");
}

TEST_CASE("live: stdout and stderr stay apart, each with its own open line") {
  Screen screen(OutputMode::live, true);
  const Plan plan = make_plan({"a"});
  {
    const auto sink = screen.console.open(plan.task(1), 1);
    CHECK_FALSE(sink->write(StdStream::out, "to out"));
    CHECK_FALSE(sink->write(StdStream::err, "to err"));
  }
  CHECK(screen.out_file.text() == "a | to out\n");
  CHECK(screen.err_file.text() == "a | to err\n");
  CHECK(screen.console.capture() == Capture::separate);
}

TEST_CASE("live: a line longer than any buffer comes out whole") {
  Screen screen(OutputMode::live);
  const Plan plan = make_plan({"a", "b"});
  const std::string piece(100000, 'x');
  {
    const auto sink = screen.console.open(plan.task(1), 1);
    const auto other = screen.console.open(plan.task(2), 1);
    for (int i = 0; i < 30; ++i) {
      CHECK_FALSE(sink->write(StdStream::out, piece));
      CHECK_FALSE(other->write(StdStream::out, "y\n"));
    }
    CHECK_FALSE(sink->write(StdStream::out, "end\nnext\n"));
  }
  CHECK_FALSE(screen.loop.run(screen.out.flush(screen.loop.context)));
  std::string expected;
  for (int i = 0; i < 30; ++i) expected += "b | y\n";
  expected += "a | ";
  for (int i = 0; i < 30; ++i) expected += piece;
  CHECK((screen.text() == expected + "end\na | next\n"));
  CHECK(screen.space.bytes_in_memory() == 0);
}

TEST_CASE("live: all 256 byte values pass unchanged") {
  Screen screen(OutputMode::live);
  const Plan plan = make_plan({"a"});
  std::string bytes;
  for (int value = 0; value < 256; ++value) {
    if (value != '\n') bytes += static_cast<char>(value);
  }
  bytes += '\n';
  CHECK_FALSE(screen.console.open(plan.task(1), 1)->write(StdStream::out, bytes));
  CHECK(screen.text() == "a | " + bytes);
}

TEST_CASE("live: labels are escaped, coloured when wanted, and never red or yellow") {
  Screen screen({OutputMode::live, Verbosity::normal, true, false});
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("t\x1b" + std::to_string(i));
  const Plan plan = make_plan(names);
  for (const Task& task : plan.tasks().subspan(1)) {
    CHECK_FALSE(screen.console.open(task, 1)->write(StdStream::out, "x\n"));
  }
  const std::string text = screen.text();
  CHECK(text.starts_with("\x1b[35mt\\e0 |\x1b[0m x\n"));
  for (const char* bad : {"\x1b[31m", "\x1b[33m", "\x1b[91m", "\x1b[93m"}) {
    CHECK(text.find(bad) == text.npos);
  }
}

TEST_CASE("live: only tasks that do not succeed get a line at their end") {
  Screen screen(OutputMode::live);
  const Plan plan = make_plan({"a", "b"});
  screen.run(plan.task(1), "x\n", succeeded(plan.task(1)));
  screen.run(plan.task(2), "y", failed(plan.task(2), 2));
  CHECK(screen.text() == "a | x\nb | y\nb: failed: exit 2 in 3.1s\n");
}

TEST_CASE("group: a block for each task when it ends, under one line") {
  Screen screen(OutputMode::group);
  const Plan plan = make_plan({"build", "test", "silent", "lint"});
  const auto build = screen.console.open(plan.task(1), 1);
  const auto test = screen.console.open(plan.task(2), 1);
  CHECK_FALSE(build->write(StdStream::out, "compiling\n"));
  CHECK_FALSE(test->write(StdStream::out, "testing\n"));
  CHECK_FALSE(build->write(StdStream::out, "linking\n"));
  screen.end(failed(plan.task(2), 2));
  screen.end(succeeded(plan.task(1)));
  screen.end(succeeded(plan.task(3)));
  screen.end(unstarted(plan.task(4), TaskState::canceled, "test failed (exit 2)"));
  CHECK(screen.text() ==
        "test: failed: exit 2 in 3.1s\n"
        "testing\n"
        "build: ok in 1.2s\n"
        "compiling\n"
        "linking\n"
        "lint: canceled: test failed (exit 2)\n");
}

TEST_CASE(
    "group: a last line without newline never glues, and stays as it is when nothing follows") {
  Screen screen(OutputMode::group);
  const Plan plan = make_plan({"a", "b"});
  screen.run(plan.task(1), "no newline", succeeded(plan.task(1)));
  CHECK(screen.text() == "a: ok in 1.2s\nno newline");
  screen.run(plan.task(2), "again", succeeded(plan.task(2)));
  CHECK(screen.text() == "a: ok in 1.2s\nno newline\nb: ok in 1.2s\nagain");
}

TEST_CASE("group: standard output alone holds only what tasks wrote") {
  Screen screen(OutputMode::group, true);
  const Plan plan = make_plan({"a", "b"});
  screen.run(plan.task(1), "1", succeeded(plan.task(1)));
  CHECK(screen.out_file.text() == "1");
  const auto sink = screen.console.open(plan.task(2), 1);
  CHECK_FALSE(sink->write(StdStream::err, "e"));
  CHECK_FALSE(sink->write(StdStream::out, "2"));
  screen.end(failed(plan.task(2), 1));
  CHECK(screen.out_file.text() == "1\n2");
  CHECK(screen.err_file.text() == "a: ok in 1.2s\nb: failed: exit 1 in 3.1s\ne");
}

TEST_CASE("group: the output of each attempt is in the task's block") {
  Screen screen(OutputMode::group);
  const Plan plan = make_plan({"a"});
  CHECK_FALSE(screen.console.open(plan.task(1), 1)->write(StdStream::out, "first try"));
  CHECK_FALSE(screen.console.open(plan.task(1), 2)->write(StdStream::out, "second try\n"));
  TaskEnded ended = succeeded(plan.task(1));
  ended.flaky = true;
  ended.attempts = 2;
  screen.end(ended);
  CHECK(screen.text() == "a: ok in 1.2s (flaky: attempt 2)\nfirst try\nsecond try\n");
}

TEST_CASE("errors: only what did not succeed is shown") {
  Screen screen(OutputMode::errors);
  const Plan plan = make_plan({"a", "b"});
  screen.run(plan.task(1), "fine\n", succeeded(plan.task(1)));
  screen.run(plan.task(2), "boom\n", failed(plan.task(2), 2));
  CHECK(screen.text() == "b: failed: exit 2 in 3.1s\nboom\n");
  CHECK(screen.space.bytes_in_memory() == 0);
}

TEST_CASE("quiet: nothing but warnings; raw: the descriptors themselves") {
  Screen quiet(OutputMode::quiet);
  const Plan plan = make_plan({"a"});
  quiet.run(plan.task(1), "boom\n", failed(plan.task(1), 2));
  quiet.console.on(at(1s, Notice{Notice::Level::info, &plan.task(1), "slow"}));
  CHECK(quiet.text().empty());
  quiet.console.on(at(1s, Notice{Notice::Level::warning, &plan.task(1), "left a process"}));
  CHECK(quiet.text() == "a: warning: left a process\n");
  CHECK(quiet.console.capture() == Capture::merged);
  Screen raw(OutputMode::raw);
  CHECK(raw.console.capture() == Capture::inherit);
  raw.end(failed(plan.task(1), 2));
  CHECK(raw.text() == "a: failed: exit 2 in 3.1s\n");
}

TEST_CASE("raw: what is captured all the same comes out as it is, at once") {
  Screen screen(OutputMode::raw, true);
  const Plan plan = make_plan({"a"});
  const auto sink = screen.console.open(plan.task(1), 1);
  CHECK_FALSE(sink->write(StdStream::out, "no line"));
  CHECK_FALSE(sink->write(StdStream::err, "to err"));
  CHECK(screen.out_file.text() == "no line");
  CHECK(screen.err_file.text() == "to err");
}

TEST_CASE("verbose tells of silent successes and groups, -q of nothing but warnings") {
  const Plan plan = make_plan({"lint", "lint/a"});
  TaskEnded group = succeeded(plan.task(1));
  Screen verbose({OutputMode::group, Verbosity::verbose, false, false});
  verbose.end(succeeded(plan.task(2)));
  verbose.end(group);
  CHECK(verbose.text() == "lint/a: ok in 1.2s\nlint: ok in 1.2s\n");
  Screen none({OutputMode::group, Verbosity::none, false, false});
  none.run(plan.task(2), "output\n", failed(plan.task(2), 1));
  none.console.on(at(1s, Notice{Notice::Level::warning, nullptr, "no terminal"}));
  CHECK(none.text() == "output\nerrand: warning: no terminal\n");
}

TEST_CASE("a group has no line of its own, unless its time ran out") {
  const Plan plan = make_plan({"lint", "lint/a"});
  Screen screen(OutputMode::group);
  screen.end(failed(plan.task(1), 1));
  CHECK(screen.text().empty());
  TaskEnded late =
      unstarted(plan.task(1), TaskState::timed_out, "the timeout of group 'lint' (1s) passed");
  screen.end(late);
  CHECK(screen.text() == "lint: timed out: the timeout of group 'lint' (1s) passed\n");
}

TEST_CASE("thousands of tasks that never start do not flood the screen") {
  Screen screen(OutputMode::group);
  const Plan plan = make_plan(std::vector<std::string>(1000, "t"));
  for (const Task& task : plan.tasks().subspan(1)) {
    screen.end(unstarted(task, TaskState::canceled, "x failed (exit 1)"));
  }
  const std::string text = screen.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == Console::kUnstartedLinesMax + 1);
  CHECK(text.ends_with("more tasks never start; the summary counts them\n"));
}

TEST_CASE("a slow reader makes every sink wait") {
  Loop loop;
  Pipe pipe;
  OutputFile file;
  SpillSpace space("/tmp");
  Writer out(loop.runtime, pipe.write.get(), "standard output");
  Writer err(loop.runtime, file.fd(), "standard error");
  const auto mode = GENERATE(OutputMode::live, OutputMode::group);
  Console console(out, err, space, {mode, Verbosity::normal});
  const Plan plan = make_plan({"a"});
  const auto sink = console.open(plan.task(1), 1);
  CHECK_FALSE(sink->behind());
  out.write(std::string(3 << 20, 'x'));
  CHECK(sink->behind());
  auto wait = [context = loop.context](OutputSink& on) -> awaitable<void> {
    co_await on.caught_up(context);
  };
  const auto ended = loop.start(wait(*sink));
  loop.poll();
  CHECK_FALSE(*ended);
  for (int turn = 0; turn < 1000 && !*ended; ++turn) {
    drain(pipe.read.get());
    loop.poll();
  }
  CHECK(*ended);
}

TEST_CASE("a slow reader of a report makes tasks wait too") {
  Screen screen(OutputMode::quiet);
  Pipe pipe;
  Writer report(screen.loop.runtime, pipe.write.get(), "report 'x'");
  screen.console.wait_for(report);
  const Plan plan = make_plan({"a"});
  const auto sink = screen.console.open(plan.task(1), 1);
  CHECK_FALSE(sink->behind());
  report.write(std::string(3 << 20, 'x'));
  CHECK(sink->behind());
}

TEST_CASE("an attempt that is held is shown whole once it is kept, or never") {
  for (const OutputMode mode : {OutputMode::live, OutputMode::group}) {
    Screen screen(mode);
    const Plan plan = make_plan({"a"});
    screen.start(plan);
    {
      const auto loser = screen.console.hold(plan.task(1), 1);
      const auto winner = screen.console.hold(plan.task(1), 2);
      CHECK_FALSE(loser->write(StdStream::out, "loser\n"));
      CHECK_FALSE(winner->write(StdStream::out, "winner\n"));
      CHECK(screen.text().empty());
      CHECK_FALSE(winner->keep());
      CHECK_FALSE(winner->keep());
      CHECK_FALSE(winner->write(StdStream::out, "more\n"));
    }
    screen.end(succeeded(plan.task(1)));
    CHECK(screen.text() ==
          (mode == OutputMode::live ? "a | winner\na | more\n" : "a: ok in 1.2s\nwinner\nmore\n"));
  }
}

TEST_CASE("while an interactive task has the terminal everybody else waits") {
  Screen screen(OutputMode::live);
  const Plan plan = make_plan({"a", "ask"});
  Task ask = plan.task(2);
  Policy policy;
  policy.interactive = true;
  ask.policy = std::make_shared<const Policy>(policy);
  const auto sink = screen.console.open(plan.task(1), 1);
  screen.console.on(at(0s, AttemptStarted{&ask, 1, 1}));
  CHECK_FALSE(sink->write(StdStream::out, "one\n"));
  screen.loop.poll();
  CHECK(screen.text().empty());
  screen.console.on(at(1s, AttemptEnded{&ask, 1, TaskState::succeeded, {}, {}, {}, {}}));
  screen.loop.poll();
  CHECK(screen.text() == "a | one\n");
}

TEST_CASE("what the file leaves out has no line of its own") {
  Screen screen(OutputMode::group);
  const Plan plan = make_plan({"a"});
  TaskEnded ended = unstarted(plan.task(1), TaskState::skipped, "if: env.CI");
  ended.excluded = true;
  screen.end(ended);
  CHECK(screen.text().empty());
}
