// SPDX-License-Identifier: Apache-2.0
#include "errand/console/status_line.h"

#include "errand/base/escape_text.h"
#include "support/report_fixture.h"
#include "support/terminal_screen.h"
#include "support/virtual_test.h"

using namespace errand;
using namespace errand::test;

namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

// A status line on a terminal whose every byte is kept, with time that jumps.
struct Terminal : VirtualTest {
  explicit Terminal(std::size_t width = 80) : columns(width), screen(width) {}

  void start(const Plan& plan) {
    line.on(at(0s, RunStarted{"id", "ci", Mode::errgroup, &plan, 0}));
  }
  void run(const Task& task) { line.on(at(elapsed(), AttemptStarted{&task, 1, 1})); }
  void end(const Task& task) {
    line.on(at(elapsed(), AttemptEnded{&task, 1, TaskState::succeeded, {}, {}, {}, {}}));
    line.on(at(elapsed(), succeeded(task)));
  }
  void finish() { line.on(at(elapsed(), RunEnded())); }

  // What has been written since the last call.
  std::string fresh() {
    const std::string all = file.text();
    const std::string bytes = all.substr(seen_);
    seen_ = all.size();
    screen.feed(bytes);
    return bytes;
  }
  std::string shown() {
    fresh();
    return screen.text();
  }

  OutputFile file;
  Writer writer{runtime, file.fd(), "standard error"};
  std::size_t columns;
  TerminalScreen screen;
  StatusLine line{runtime, writer, [this] { return columns; }};

 private:
  std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("the status line shows within a tenth of a second and goes when the run ends") {
  Terminal terminal;
  const Plan plan = make_plan({"a", "b"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  CHECK(terminal.shown().empty());
  terminal.runtime.advance(100ms);
  CHECK(terminal.shown() == "1 running, 1 waiting, 0/2 done, 0s, longest: a 0s\n");
  CHECK(terminal.screen.cursor_column() == 0);
  terminal.end(plan.task(1));
  terminal.finish();
  CHECK(terminal.shown().empty());
}

TEST_CASE("while something runs the clock goes on by the second, else nothing is drawn") {
  Terminal terminal;
  const Plan plan = make_plan({"a", "b"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  terminal.runtime.advance(65s);
  CHECK(terminal.shown() == "1 running, 1 waiting, 0/2 done, 1m4s, longest: a 1m4s\n");
  const std::string all = terminal.file.text();
  CHECK(count_of(all, "longest") == 65);
  terminal.line.on(at(65s, AttemptEnded{&plan.task(1), 1, TaskState::failed, {}, {}, {}, {}}));
  terminal.runtime.advance(1s);
  terminal.fresh();
  terminal.runtime.advance(1h);  // it waits for its next attempt
  CHECK(terminal.fresh().empty());
  terminal.finish();
}

TEST_CASE("thousands of events are drawn ten times a second at most") {
  Terminal terminal;
  std::vector<std::string> names(5000, "t");
  const Plan plan = make_plan(names);
  terminal.start(plan);
  for (TaskId id = 1; id <= 5000; ++id) {
    terminal.run(plan.task(id));
    terminal.runtime.advance(1ms);
    terminal.end(plan.task(id));
  }
  const std::size_t drawn = count_of(terminal.file.text(), "running");
  CHECK(drawn >= 49);
  CHECK(drawn <= 50);
  terminal.finish();
}

TEST_CASE("output takes the status line's place, which comes back below") {
  Terminal terminal;
  const Plan plan = make_plan({"a"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  terminal.runtime.advance(100ms);
  terminal.writer.write("a | one\n");
  CHECK(terminal.shown() == "a | one\n");
  terminal.writer.write("a | two\n");
  terminal.runtime.advance(100ms);
  CHECK(terminal.shown() == "a | one\na | two\n1 running, 0/1 done, 0s, longest: a 0s\n");
  SpillSpace space("/tmp", 3);
  SpillBuffer block(space);
  REQUIRE_FALSE(block.append("a block\n"));
  terminal.writer.write(std::move(block));
  terminal.runtime.advance(10ms);
  CHECK(terminal.shown() == "a | one\na | two\na block\n");
  terminal.finish();
  terminal.runtime.advance(10s);
  CHECK(terminal.shown() == "a | one\na | two\na block\n");
}

TEST_CASE("without the status line's own sequences the bytes are those that were written") {
  Terminal terminal;
  const Plan plan = make_plan({"a"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  std::string written;
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = "line " + std::to_string(i) + (i % 3 == 0 ? "" : "\n");
    terminal.writer.write(bytes);
    written += bytes;
    terminal.runtime.advance(70ms);
  }
  terminal.finish();
  CHECK(terminal.shown() == written);
}

TEST_CASE("an open line is not disturbed") {
  Terminal terminal;
  const Plan plan = make_plan({"a"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  terminal.writer.write("Password: ");
  terminal.runtime.advance(10s);
  CHECK(terminal.fresh() == "Password: ");
  terminal.writer.write("\n");
  terminal.runtime.advance(1s);
  CHECK(terminal.shown() == "Password: \n1 running, 0/1 done, 10s, longest: a 10s\n");
  terminal.finish();
}

TEST_CASE("nothing is drawn while somebody else has the terminal") {
  Terminal terminal;
  const Plan plan = make_plan({"a"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  terminal.runtime.advance(1s);
  terminal.writer.hold();
  CHECK(terminal.shown().empty());
  terminal.runtime.advance(10s);
  CHECK(terminal.fresh().empty());
  terminal.writer.release();
  terminal.runtime.advance(1s);
  CHECK(terminal.shown() == "1 running, 0/1 done, 12s, longest: a 12s\n");
  terminal.columns = 0;  // a background job now
  terminal.runtime.advance(1s);
  CHECK(terminal.shown().empty());
  terminal.runtime.advance(10s);
  CHECK(terminal.fresh().empty());
  terminal.finish();
}

TEST_CASE("before errand stops the line is taken away, and comes back after") {
  Terminal terminal;
  const Plan plan = make_plan({"a"});
  terminal.start(plan);
  terminal.run(plan.task(1));
  terminal.runtime.advance(1s);
  terminal.line.hide();
  CHECK(terminal.shown().empty());
  terminal.runtime.advance(100ms);
  CHECK(terminal.shown() == "1 running, 0/1 done, 1s, longest: a 1s\n");
  terminal.finish();
}

TEST_CASE("the line is never as wide as the terminal, and is cut by what characters take there") {
  const Plan plan = make_plan({"漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"});
  for (std::size_t width = StatusLine::kColumnsMin; width < 100; ++width) {
    Terminal terminal(width);
    terminal.start(plan);
    terminal.run(plan.task(1));
    terminal.runtime.advance(100ms);
    std::string text = terminal.fresh();
    text.pop_back();  // the return
    CHECK(text_columns(text) < width);
    CHECK(text_columns(text) >= std::min<std::size_t>(width - 2, 77));
    terminal.finish();
  }
  Terminal narrow(StatusLine::kColumnsMin - 1);
  narrow.start(plan);
  narrow.run(plan.task(1));
  narrow.runtime.advance(10s);
  CHECK(narrow.fresh().empty());
  narrow.finish();
}

TEST_CASE("a window that becomes narrower or wider leaves nothing of the line behind") {
  for (const std::size_t width : {20u, 33u, 120u}) {
    Terminal terminal;
    const Plan plan = make_plan({"a"});
    terminal.start(plan);
    terminal.run(plan.task(1));
    terminal.writer.write("output\n");
    terminal.runtime.advance(1s);
    terminal.fresh();
    terminal.screen.resize(width);  // a long line breaks into several
    terminal.columns = width;
    terminal.line.redraw();
    CHECK(terminal.shown().substr(0, 17) == "output\n1 running,");
    CHECK(std::ranges::count(terminal.shown(), '\n') == 2);
    terminal.finish();
    CHECK(terminal.shown() == "output\n");
  }
}

TEST_CASE("[P12] a log is told of the run once a minute") {
  VirtualTest test;
  std::vector<std::string> told;
  Heartbeat heartbeat(test.runtime, [&](const std::string& text) {
    told.push_back(format_duration(test.elapsed()) + ": " + text);
  });
  const Plan plan = make_plan({"slow", "b"});
  test.runtime.advance(7s);  // the run does not start when errand does
  heartbeat.on(at(0s, RunStarted{"id", "ci", Mode::errgroup, &plan, 0}));
  heartbeat.on(at(0s, AttemptStarted{&plan.task(1), 1, 1}));
  test.runtime.advance(59s);
  CHECK(told.empty());
  test.runtime.advance(4min);
  heartbeat.on(at(299s, AttemptEnded{&plan.task(1), 1, TaskState::succeeded, {}, {}, {}, {}}));
  heartbeat.on(at(299s, succeeded(plan.task(1), 299s)));
  heartbeat.on(at(299s, RunEnded()));
  test.runtime.advance(1h);
  CHECK(told == std::vector<std::string>{
                    "1m7s: 1 running, 1 waiting, 0/2 done, 1m, longest: slow 1m",
                    "2m7s: 1 running, 1 waiting, 0/2 done, 2m, longest: slow 2m",
                    "3m7s: 1 running, 1 waiting, 0/2 done, 3m, longest: slow 3m",
                    "4m7s: 1 running, 1 waiting, 0/2 done, 4m, longest: slow 4m",
                });
}
