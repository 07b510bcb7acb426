// SPDX-License-Identifier: Apache-2.0
//
// The runtime on the real clock. No test depends on how long anything takes: each waits for the
// loop to run out of work.
#include "errand/concurrency/runtime.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "errand/concurrency/context.h"
#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

struct RealTest {
  ~RealTest() { CHECK(runtime.counts() == Runtime::Counts{}); }
  Context background() { return Context::background(runtime); }
  void run() {
    loop.restart();
    loop.run();
  }
  asio::io_context loop{1};
  Runtime runtime{loop.get_executor()};
  AliveReport alive{[this] { return runtime.describe(); }};
};

TEST_CASE("a timer fires not before its time, and the loop then ends") {
  RealTest test;
  TimePoint fired;
  Timer timer(test.runtime, [&] { fired = test.runtime.now(); });
  const TimePoint due = test.runtime.now() + 1ms;
  timer.set(due);
  test.run();
  CHECK(fired >= due);
}

TEST_CASE("the loop ends once its last timer is cancelled") {
  RealTest test;
  Timer timer(test.runtime, [] { FAIL("fired"); });
  timer.set_after(1h);
  SECTION("before the loop runs") { timer.cancel(); }
  SECTION("while it runs") {
    asio::post(test.loop, [&] { timer.cancel(); });
  }
  test.run();
  CHECK_FALSE(timer.armed());
}

TEST_CASE("the loop ends once its last timed context is cancelled or gone") {
  RealTest test;
  std::optional<std::pair<Context, CancelFn>> scope = with_timeout(test.background(), 1h);
  SECTION("cancelled") {
    asio::post(test.loop, [&] { scope->second(); });
  }
  SECTION("gone") {
    asio::post(test.loop, [&] { scope.reset(); });
  }
  test.run();
}

TEST_CASE("cancelling the nearest timer leaves the later ones to fire") {
  RealTest test;
  bool fired = false;
  Timer nearest(test.runtime, [] { FAIL("fired"); });
  Timer later(test.runtime, [&] { fired = true; });
  later.set_after(2ms);
  nearest.set_after(1ms);
  nearest.cancel();
  test.run();
  CHECK(fired);
}

TEST_CASE("a timer set after the last one was cancelled in the same turn fires") {
  RealTest test;
  bool fired = false;
  Timer first(test.runtime, [] { FAIL("fired"); });
  Timer second(test.runtime, [&] { fired = true; });
  asio::post(test.loop, [&] {
    first.set_after(1h);
    first.cancel();
    second.set_after(1ms);
  });
  test.run();
  CHECK(fired);
}

TEST_CASE("a nearer timer set later fires first, and both fire") {
  RealTest test;
  std::vector<int> order;
  Timer later(test.runtime, [&] { order.push_back(2); });
  Timer nearer(test.runtime, [&] { order.push_back(1); });
  const TimePoint now = test.runtime.now();
  later.set(now + 3ms);
  nearer.set(now + 1ms);
  test.run();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a timer may set itself again, and others, when it fires") {
  RealTest test;
  int fired = 0;
  Timer timer(test.runtime, [&] {
    if (++fired < 5) timer.set_after(100us);
  });
  timer.set_after(100us);
  test.run();
  CHECK(fired == 5);
}

TEST_CASE("an exception of a timer leaves the loop, and the timers after it still fire") {
  RealTest test;
  bool fired = false;
  Timer bad(test.runtime, [] { throw std::runtime_error("timer"); });
  Timer good(test.runtime, [&] { fired = true; });
  bad.set_after(1ms);
  good.set_after(2ms);
  CHECK_THROWS_WITH(test.run(), "timer");
  test.run();
  CHECK(fired);
}

TEST_CASE("an exception of a callback leaves the loop, and the callbacks after it still run") {
  RealTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1ms);
  bool called = false;
  const Registration bad = after_func(context, [] { throw std::runtime_error("callback"); });
  const Registration good = after_func(context, [&] { called = true; });
  CHECK_THROWS_WITH(test.run(), "callback");
  test.run();
  CHECK(called);
}

TEST_CASE("sleeps and deadlines follow the real clock") {
  RealTest test;
  const TimePoint begin = test.runtime.now();
  Error slept;
  Error cut_short;
  const auto main = [&](Context context) -> awaitable<void> {
    slept = co_await context.sleep(2ms);
    cut_short = co_await with_timeout(context, 1ms).first.sleep(1h);
  };
  asio::co_spawn(test.loop, main(test.background()), asio::detached);
  test.run();
  CHECK_FALSE(slept);
  CHECK(cut_short == DeadlineExceeded);
  CHECK(test.runtime.now() - begin >= 3ms);
}

TEST_CASE("a timer set for ever never fires, whatever time it is") {
  const Duration since_start = GENERATE(Duration(-1h), Duration(0), Duration(1h));
  VirtualTest test;
  test.runtime.advance(since_start);
  Timer timer(test.runtime, [] { FAIL("fired"); });
  timer.set_after(Duration::max());
  test.runtime.advance(100h * 24 * 366);
  test.runtime.advance(Duration::max());
  timer.cancel();
}

TEST_CASE("a timer set for ever does not keep the loop running") {
  RealTest test;
  Timer never(test.runtime, [] { FAIL("fired"); });
  Timer later(test.runtime, [] { FAIL("fired"); });
  never.set_after(Duration::max());
  later.set_after(1h);
  asio::post(test.loop, [&] { later.cancel(); });
  test.run();
  never.cancel();
}

TEST_CASE("a timer of a clock that reads less than zero fires at its time") {
  RealTest test;
  test.runtime.skip(saturating_add(Clock::now().time_since_epoch(), 1h));
  REQUIRE(test.runtime.now() < TimePoint{});
  bool fired = false;
  Timer timer(test.runtime, [&] { fired = true; });
  timer.set_after(1ms);
  test.run();
  CHECK(fired);
  Error slept;
  const auto main = [&](Context context) -> awaitable<void> {
    slept = co_await context.sleep(1ms);
  };
  asio::co_spawn(test.loop, main(test.background()), asio::detached);
  test.run();
  CHECK_FALSE(slept);
}

TEST_CASE("a skip while the last timer fires leaves no alarm that keeps the loop running") {
  RealTest test;
  Timer timer(test.runtime, [&] { test.runtime.skip(1h); });
  timer.set_after(1ms);
  test.run();
}

TEST_CASE("skips without end do not overflow") {
  RealTest test;
  test.runtime.skip(Duration::max() - 1h);
  test.runtime.skip(2h);
  CHECK(test.runtime.now() < TimePoint{});
}

TEST_CASE("a runtime describes its clock, its timers and its live children") {
  VirtualTest test;
  test.runtime.advance(90s);
  GroupOptions options;
  options.name = "build";
  Timer never(test.runtime, [] {}, TimerClass::policy);
  const auto main = [&](Context context) -> awaitable<void> {
    Group group(context, options);
    group.go("compile", ends(3s));
    never.set_after(Duration::max());
    co_await context.sleep(1s);
    CHECK(test.runtime.describe() ==
          "now: 1m31s, skipped: 0s\n"
          "timers: 2\n"
          "  work in 2s\n"
          "  policy never\n"
          "children: 1\n"
          "  build/compile\n");
    CHECK_FALSE(co_await group.wait());
  };
  test.run(main(test.background()));
  never.cancel();
}

TEST_CASE("a runtime of real time describes its alarm") {
  RealTest test;
  Timer timer(test.runtime, [] {});
  CHECK(test.runtime.describe().find("alarm: never\n") != std::string::npos);
  timer.set_after(24h);
  CHECK(test.runtime.describe().find("alarm: in 24h\n") != std::string::npos);
  timer.cancel();
}

TEST_CASE("a description names at most 20 timers") {
  VirtualTest test;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 25; ++i) {
    timers.push_back(std::make_unique<Timer>(test.runtime, [] {}));
    timers.back()->set_after(1h);
  }
  const std::string text = test.runtime.describe();
  CHECK(text.find("timers: 25\n") != text.npos);
  CHECK(std::ranges::count(text, '\n') == 2 + 20 + 1 + 1);
  CHECK(text.find("  and 5 more\n") != text.npos);
}

}  // namespace
}  // namespace errand::test
