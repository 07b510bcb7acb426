// SPDX-License-Identifier: Apache-2.0
//
// The console when there is no room for output that has to wait.
#include <algorithm>

#include "errand/console/console.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

// What NoRoom::write() has written.
std::string all_pieces(char letter, std::size_t pieces) {
  std::string all;
  for (std::size_t i = 0; i < pieces; ++i) all += std::string(9'999, letter) + "\n";
  return all;
}

// No folder has room, and little memory is there for all tasks together.
struct NoRoom {
  explicit NoRoom(OutputMode mode) : console(out, err, space, {mode, Verbosity::none}) {}

  // Writes as an attempt does: as long as the sink is not behind, at most so many pieces.
  static std::size_t write(OutputSink& sink, char letter, std::size_t pieces = 1000) {
    const std::string piece = std::string(9'999, letter) + "\n";
    std::size_t written = 0;
    while (written < pieces && !sink.behind()) {
      CHECK_FALSE(sink.write(StdStream::out, piece));
      ++written;
    }
    return written;
  }
  // Has the sink caught up, now or after `meanwhile`?
  std::shared_ptr<bool> wait(OutputSink& sink) {
    auto waiting = [context = loop.context](OutputSink& on) -> awaitable<void> {
      co_await on.caught_up(context);
    };
    const auto ended = loop.start(waiting(sink));
    loop.poll();
    return ended;
  }
  std::string text() {
    loop.poll();
    return out_file.text();
  }

  Loop loop;
  OutputFile out_file, err_file;
  SpillSpace space{"/nowhere", 1000, 1'000'000};
  Writer out{loop.runtime, out_file.fd(), "standard output"};
  Writer err{loop.runtime, err_file.fd(), "standard error"};
  Console console;
};

}  // namespace

TEST_CASE("[F4.14] a task without room waits for another one that may free some") {
  NoRoom test(OutputMode::group);
  const Plan plan = make_plan({"a", "b"});
  auto a = test.console.open(plan.task(1), 1);
  auto b = test.console.open(plan.task(2), 1);
  CHECK(NoRoom::write(*b, 'b', 50) == 50);
  CHECK(NoRoom::write(*a, 'a') == 50);
  const auto has_room = test.wait(*a);
  CHECK_FALSE(*has_room);
  CHECK(test.text().empty());
  b.reset();
  test.console.on(at(1s, succeeded(plan.task(2))));
  test.loop.poll();
  CHECK(*has_room);
  CHECK((test.text() == all_pieces('b', 50)));
  CHECK(NoRoom::write(*a, 'a', 5) == 5);
}

TEST_CASE("[F4.14] if no other task can free room a task is shown as in live mode") {
  NoRoom test(OutputMode::group);
  const Plan plan = make_plan({"a", "b"});
  const auto a = test.console.open(plan.task(1), 1);
  const auto b = test.console.open(plan.task(2), 1);
  CHECK(NoRoom::write(*b, 'b', 1) == 1);  // has next to nothing to free
  CHECK(NoRoom::write(*a, 'a') == 99);
  CHECK(*test.wait(*a));
  CHECK(NoRoom::write(*a, 'a', 201) == 201);
  const std::string text = test.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 300);
  CHECK(text.starts_with("a | aaa"));
  CHECK_FALSE(contains(text, "b"));
}

TEST_CASE("[F4.14] if all tasks wait for room the one that holds the most gives way") {
  NoRoom test(OutputMode::group);
  const Plan plan = make_plan({"a", "b"});
  const auto a = test.console.open(plan.task(1), 1);
  const auto b = test.console.open(plan.task(2), 1);
  CHECK(NoRoom::write(*b, 'b', 40) == 40);
  CHECK(NoRoom::write(*a, 'a') == 60);
  const auto a_has_room = test.wait(*a);
  CHECK_FALSE(*a_has_room);
  CHECK(NoRoom::write(*b, 'b') == 0);
  const auto b_has_room = test.wait(*b);
  CHECK(*a_has_room);
  CHECK(*b_has_room);
  CHECK(test.text().starts_with("a | aaa"));
  CHECK_FALSE(contains(test.text(), "b"));
}

TEST_CASE("[F4.14] errors: without room the beginning and the end of a failed task are shown") {
  NoRoom test(OutputMode::errors);
  const Plan plan = make_plan({"a"});
  {
    const auto a = test.console.open(plan.task(1), 1);
    CHECK(NoRoom::write(*a, 'a') == 100);
    CHECK(*test.wait(*a));
    CHECK(NoRoom::write(*a, 'z', 400) == 400);
  }
  CHECK(test.text().empty());
  test.console.on(at(1s, failed(plan.task(1), 2)));
  const std::string text = test.text();
  const std::size_t kept = 2 * HeadAndTail::kPartBytes;
  CHECK(text.starts_with("aaa"));
  CHECK(text.ends_with("zzz\n"));
  CHECK(contains(text, "[errand: " + std::to_string(500 * 10'000 - kept) + " bytes left out"));
}

TEST_CASE("[F4.14] ordered: without room a task waits for its turn") {
  NoRoom test(OutputMode::ordered);
  const Plan plan = make_plan({"a", "b"});
  test.console.on(at(0s, RunStarted{"id", "", Mode::errgroup, &plan, 0}));
  auto a = test.console.open(plan.task(1), 1);
  const auto b = test.console.open(plan.task(2), 1);
  CHECK(NoRoom::write(*b, 'b') == 100);
  const auto has_room = test.wait(*b);
  CHECK_FALSE(*has_room);
  CHECK(NoRoom::write(*a, 'a', 300) == 300);  // it is shown as it comes
  CHECK_FALSE(*has_room);
  a.reset();
  test.console.on(at(1s, succeeded(plan.task(1))));
  test.loop.poll();
  CHECK(*has_room);
  CHECK(NoRoom::write(*b, 'b', 200) == 200);
  CHECK((test.text() == all_pieces('a', 300) + all_pieces('b', 300)));
}

TEST_CASE("[F4.14] a hedge without room waits until it is decided") {
  NoRoom test(OutputMode::group);
  const Plan plan = make_plan({"a"});
  auto original = test.console.hold(plan.task(1), 1);
  auto hedge = test.console.hold(plan.task(1), 2);
  CHECK(NoRoom::write(*original, 'a', 60) == 60);
  CHECK(NoRoom::write(*hedge, 'b') == 40);
  const auto has_room = test.wait(*hedge);
  CHECK_FALSE(*has_room);
  original.reset();  // it has lost
  test.loop.poll();
  CHECK(*has_room);
  CHECK_FALSE(hedge->keep());
  CHECK(NoRoom::write(*hedge, 'b', 10) == 10);
  hedge.reset();
  test.console.on(at(1s, succeeded(plan.task(1))));
  CHECK((test.text() == all_pieces('b', 50)));
}
