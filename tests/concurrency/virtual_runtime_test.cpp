// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/virtual_runtime.h"

#include <asio/post.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

TEST_CASE("time stands still until it is moved") {
  VirtualTest test;
  CHECK(test.elapsed() == 0s);
  test.runtime.run_until_idle();
  CHECK(test.elapsed() == 0s);
  test.runtime.advance(90min);
  CHECK(test.elapsed() == 90min);
}

TEST_CASE("run() returns the value of main and jumps over the time it waits") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<std::string> {
    co_await context.sleep(1000h);
    co_return "later";
  };
  CHECK(test.run(main(test.background())) == "later");
  CHECK(test.elapsed() == 1000h);
}

TEST_CASE("run() throws what main throws") {
  VirtualTest test;
  const auto value = []() -> awaitable<int> {
    throw std::out_of_range("too far");
    co_return 1;
  };
  const auto nothing = []() -> awaitable<void> {
    throw std::out_of_range("too far");
    co_return;
  };
  CHECK_THROWS_AS(test.run(value()), std::out_of_range);
  CHECK_THROWS_AS(test.run(nothing()), std::out_of_range);
}

TEST_CASE("run() leaves the clock where main ended") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1h);
  const auto main = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(5s); };
  CHECK_FALSE(test.run(main(context)));
  CHECK(test.elapsed() == 5s);
  CHECK_FALSE(context.done());
}

TEST_CASE("advancing fires every timer at its own instant") {
  VirtualTest test;
  std::vector<Duration> seen;
  Timer second(test.runtime, [&] { seen.push_back(test.elapsed()); });
  Timer first(test.runtime, [&] {
    seen.push_back(test.elapsed());
    second.set_after(2s);
  });
  first.set_after(3s);
  test.runtime.advance(4s);
  CHECK(seen == std::vector<Duration>{3s});
  test.runtime.advance(4s);
  CHECK(seen == std::vector<Duration>{3s, 5s});
  CHECK(test.elapsed() == 8s);
}

TEST_CASE("what a timer makes ready runs in the same advance, though nothing else keeps the loop") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1s);
  bool called = false;
  const Registration registration = after_func(context, [&] { called = true; });
  test.runtime.advance(1s);
  CHECK(called);
}

TEST_CASE("timers of one instant fire in the order of their classes, then of their setting") {
  VirtualTest test;
  std::vector<int> order;
  Timer policy(test.runtime, [&] { order.push_back(4); }, TimerClass::policy);
  Timer deadline(test.runtime, [&] { order.push_back(3); }, TimerClass::deadline);
  Timer work_b(test.runtime, [&] { order.push_back(2); });
  Timer work_a(test.runtime, [&] { order.push_back(1); });
  for (Timer* timer : {&policy, &deadline, &work_a, &work_b}) timer->set_after(1s);
  test.runtime.advance(1s);
  CHECK(order == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("what a timer made ready runs before a timer of a later class in the same instant") {
  VirtualTest test;
  Timer policy(test.runtime, [] { FAIL("the work was done"); }, TimerClass::policy);
  const auto main = [&](Context context) -> awaitable<void> {
    co_await context.sleep(1s);
    policy.cancel();
  };
  policy.set_after(1s);
  test.run(main(test.background()));
  CHECK_FALSE(policy.armed());
}

TEST_CASE("a timer set by a timer for the same instant waits for what has become ready") {
  VirtualTest test;
  std::vector<int> order;
  Timer second(test.runtime, [&] { order.push_back(2); });
  Timer first(test.runtime, [&] {
    asio::post(test.runtime.executor(), [&] { order.push_back(1); });
    second.set(test.runtime.now());
  });
  first.set_after(1s);
  test.runtime.advance(1s);
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a timer that is set again fires once, at the later setting") {
  VirtualTest test;
  int fired = 0;
  Timer timer(test.runtime, [&] { ++fired; });
  timer.set_after(1s);
  timer.set_after(3s);
  CHECK(test.runtime.counts().timers == 1);
  test.runtime.advance(2s);
  CHECK(fired == 0);
  test.runtime.advance(1s);
  CHECK(fired == 1);
  CHECK_FALSE(timer.armed());
}

TEST_CASE("a timer set to an instant that has passed fires on the next turn, not inside set()") {
  VirtualTest test;
  int fired = 0;
  Timer timer(test.runtime, [&] { ++fired; });
  test.runtime.advance(5s);
  timer.set(TimePoint{} + 1s);
  CHECK(fired == 0);
  test.runtime.run_until_idle();
  CHECK(fired == 1);
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("nothing can happen any more: the deadlock names every child that waits") {
  VirtualTest test;
  Event never(test.runtime);
  const auto waits = [&](Context) -> awaitable<Error> {
    co_await never.wait();
    co_return Error();
  };
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.name = "build";
    options.limit = 2;
    Group group(context, options);
    group.go("compile", waits);
    group.go("", waits);
    group.go("link", waits);
    co_return co_await group.wait();
  };
  std::string told;
  try {
    test.run(main(test.background()));
  } catch (const Deadlock& deadlock) {
    told = deadlock.what();
  }
  CHECK(told == "nothing can happen any more; still waiting: build/compile build/ build/link");
  never.set();  // and it can go on afterwards
  test.runtime.run_until_idle();
}

TEST_CASE("a deadlock of main alone says so") {
  VirtualTest test;
  Event never(test.runtime);
  const auto main = [&]() -> awaitable<int> {
    co_await never.wait();
    co_return 1;
  };
  CHECK_THROWS_AS(test.run(main()), Deadlock);
  never.set();
  test.runtime.run_until_idle();
}

TEST_CASE("an exception of a callback leaves run() and the rest goes on with the next run") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  bool second_called = false;
  const Registration first = after_func(context, [] { throw std::runtime_error("callback"); });
  const Registration second = after_func(context, [&] { second_called = true; });
  cancel();
  CHECK_THROWS_WITH(test.runtime.run_until_idle(), "callback");
  CHECK_FALSE(second_called);
  test.runtime.run_until_idle();
  CHECK(second_called);
}

TEST_CASE("an exception of a timer leaves run() and later timers still fire") {
  VirtualTest test;
  bool second_fired = false;
  Timer first(test.runtime, [] { throw std::runtime_error("timer"); });
  Timer second(test.runtime, [&] { second_fired = true; });
  first.set_after(1s);
  second.set_after(1s);
  CHECK_THROWS_WITH(test.runtime.advance(1s), "timer");
  test.runtime.run_until_idle();
  CHECK(second_fired);
}

TEST_CASE("a coroutine that never got its turn is dropped with the runtime") {
  Error error;
  {
    VirtualRuntime runtime;
    const auto main = [&](Context context) -> awaitable<void> {
      error = co_await context.sleep(1s);
    };
    runtime.start(main(Context::background(runtime)));
  }
  CHECK_FALSE(error);
}

}  // namespace
}  // namespace errand::test
