// SPDX-License-Identifier: Apache-2.0
//
// The Console's blocks in file order.
#include "errand/console/console.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Screen {
  explicit Screen(bool apart = false, Verbosity verbosity = Verbosity::normal,
                  std::size_t memory = 1 << 20)
      : space("/tmp", memory),
        console(out, apart ? err : out, space, {OutputMode::ordered, verbosity}) {}

  void start(const Plan& plan) {
    console.on(at(0s, RunStarted{"id", "ci", Mode::errgroup, &plan, 0}));
  }
  void end(const TaskEnded& ended) {
    console.on(at(1s, AttemptEnded{ended.task, 1, ended.state, ended.status, {}, {}, {}}));
    console.on(at(1s, ended));
  }
  void run(const Task& task, std::string_view bytes) {
    CHECK_FALSE(console.open(task, 1)->write(StdStream::out, bytes));
    end(succeeded(task));
  }
  std::string text() const { return out_file.text(); }

  Loop loop;
  OutputFile out_file, err_file;
  Writer out{loop.runtime, out_file.fd(), "standard output"};
  Writer err{loop.runtime, err_file.fd(), "standard error"};
  SpillSpace space;
  Console console;
};

}  // namespace

TEST_CASE("blocks come in file order, whatever order tasks end in") {
  Screen screen;
  const Plan plan = make_plan({"a", "lint", "lint/b", "lint/c", "d"});
  screen.start(plan);
  screen.run(plan.task(5), "d\n");
  screen.run(plan.task(4), "c\n");
  CHECK(screen.text().empty());
  screen.run(plan.task(1), "a\n");
  CHECK(screen.text() == "a\na: ok in 1.2s\n");
  screen.run(plan.task(3), "b\n");
  screen.end(succeeded(plan.task(2)));
  CHECK(screen.text() ==
        "a\na: ok in 1.2s\n"
        "b\nlint/b: ok in 1.2s\n"
        "c\nlint/c: ok in 1.2s\n"
        "d\nd: ok in 1.2s\n");
  CHECK(screen.space.bytes_in_memory() == 0);
}

TEST_CASE("[P12] the first task that has not ended is shown byte by byte") {
  Screen screen;
  const Plan plan = make_plan({"a", "b"});
  screen.start(plan);
  const auto b = screen.console.open(plan.task(2), 1);
  const auto a = screen.console.open(plan.task(1), 1);
  CHECK_FALSE(b->write(StdStream::out, "b1 "));
  for (const char* byte : {"o", "n", "e"}) CHECK_FALSE(a->write(StdStream::out, byte));
  CHECK(screen.text() == "one");
  CHECK_FALSE(b->write(StdStream::out, "b2"));
  screen.end(succeeded(plan.task(1)));
  CHECK(screen.text() == "one\na: ok in 1.2s\nb1 b2");
  CHECK_FALSE(b->write(StdStream::out, "b3"));
  CHECK(screen.text() == "one\na: ok in 1.2s\nb1 b2b3");
  screen.end(failed(plan.task(2), 2));
  CHECK(screen.text() == "one\na: ok in 1.2s\nb1 b2b3\nb: failed: exit 2 in 3.1s\n");
}

TEST_CASE("a task that has its turn before it starts streams from its first byte") {
  Screen screen;
  const Plan plan = make_plan({"a", "b"});
  screen.start(plan);
  screen.end(unstarted(plan.task(1), TaskState::skipped, "needs x: failed"));
  const auto b = screen.console.open(plan.task(2), 1);
  CHECK_FALSE(b->write(StdStream::out, "x"));
  CHECK(screen.text() == "a: skipped: needs x: failed\nx");
}

TEST_CASE("each attempt of a task that streams begins a line of its own") {
  Screen screen(false, Verbosity::none);
  const Plan plan = make_plan({"a"});
  screen.start(plan);
  CHECK_FALSE(screen.console.open(plan.task(1), 1)->write(StdStream::out, "first"));
  CHECK_FALSE(screen.console.open(plan.task(1), 2)->write(StdStream::out, "second"));
  CHECK(screen.text() == "first\nsecond");
}

TEST_CASE("the two streams of a task that streams stay apart") {
  Screen screen(true, Verbosity::none);
  const Plan plan = make_plan({"a", "b"});
  screen.start(plan);
  const auto b = screen.console.open(plan.task(2), 1);
  CHECK_FALSE(b->write(StdStream::err, "e2"));
  const auto a = screen.console.open(plan.task(1), 1);
  CHECK_FALSE(a->write(StdStream::err, "e1"));
  CHECK_FALSE(a->write(StdStream::out, "o1"));
  screen.end(succeeded(plan.task(1)));
  CHECK_FALSE(b->write(StdStream::out, "o2"));
  CHECK(screen.out_file.text() == "o1\no2");
  CHECK(screen.err_file.text() == "e1\ne2");
}

TEST_CASE("a notice waits for the end of the line that a task is writing") {
  Screen screen;
  const Plan plan = make_plan({"a", "b"});
  screen.start(plan);
  const auto a = screen.console.open(plan.task(1), 1);
  CHECK_FALSE(a->write(StdStream::out, "begun, "));
  screen.console.on(at(1s, Notice{Notice::Level::info, &plan.task(2), "still running"}));
  CHECK(screen.text() == "begun, ");
  CHECK_FALSE(a->write(StdStream::out, "ended\nnext"));
  CHECK(screen.text() == "begun, ended\nb: still running\nnext");
  screen.console.on(at(1s, Notice{Notice::Level::info, &plan.task(1), "still running"}));
  screen.end(succeeded(plan.task(1)));
  CHECK(screen.text().ends_with("next\na: still running\na: ok in 1.2s\n"));
}

TEST_CASE("what concerns the whole run does not wait for the end of a line") {
  Screen screen;
  const Plan plan = make_plan({"a"});
  screen.start(plan);
  CHECK_FALSE(screen.console.open(plan.task(1), 1)->write(StdStream::out, "begun"));
  screen.console.on(at(1s, Notice{Notice::Level::info, nullptr, "waiting for a"}));
  CHECK(screen.text() == "begun\nerrand: waiting for a\n");
}

TEST_CASE("tasks of a stream come in the order of their arrival, also where some are left out") {
  Screen screen(false, Verbosity::none);
  const Plan tasks = make_plan({"1", "2", "3", "4", "5"});
  screen.console.on(at(0s, RunStarted{"id", "stream", Mode::errgroup, nullptr, 0}));
  for (const TaskId id : {1, 3, 5}) screen.console.on(at(0s, TaskReady{&tasks.task(id)}));
  screen.run(tasks.task(5), "five\n");
  screen.run(tasks.task(3), "three\n");
  CHECK(screen.text().empty());
  screen.run(tasks.task(1), "one\n");
  CHECK(screen.text() == "one\nthree\nfive\n");
}

TEST_CASE("ten thousand blocks that wait for the first one cost little memory and one descriptor") {
  Screen screen(false, Verbosity::none, 100);
  std::vector<std::string> names(10000, "t");
  const Plan plan = make_plan(names);
  screen.start(plan);
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = descriptors();
  std::string expected = "first\n";
  for (TaskId id = 10000; id > 1; --id) {
    screen.run(plan.task(id), std::to_string(id) + std::string(200, 'x') + "\n");
  }
  CHECK(descriptors() == before + 1);
  for (TaskId id = 2; id <= 10000; ++id) {
    expected += std::to_string(id) + std::string(200, 'x') + "\n";
  }
  screen.run(plan.task(1), "first\n");
  CHECK_FALSE(screen.loop.run(screen.out.flush(screen.loop.context)));
  CHECK((screen.text() == expected));
  CHECK(descriptors() == before);
}

TEST_CASE("a group's own timeout is told at once") {
  Screen screen;
  const Plan plan = make_plan({"a", "slow", "slow/b"});
  screen.start(plan);
  screen.end(
      unstarted(plan.task(3), TaskState::canceled, "the timeout of group 'slow' (1s) passed"));
  screen.end(
      unstarted(plan.task(2), TaskState::timed_out, "the timeout of group 'slow' (1s) passed"));
  CHECK(screen.text() == "slow: timed out: the timeout of group 'slow' (1s) passed\n");
  screen.end(succeeded(plan.task(1)));
  CHECK(screen.text().ends_with("slow/b: canceled: the timeout of group 'slow' (1s) passed\n"));
}
