// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/semaphore.h"

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");

// Takes `weight`, notes its name, and gives the permit back at once.
auto note_turn(Semaphore& semaphore, std::int64_t weight, std::string name, std::string& order) {
  return [&semaphore, weight, name, &order](Context ctx) -> awaitable<Error> {
    Result<Permit> permit = co_await semaphore.acquire(ctx, weight);
    if (!permit) co_return permit.error();
    order += name;
    co_return Error();
  };
}

TEST_CASE("#178 try_acquire takes what is free and nothing else") {
  Semaphore semaphore(2);
  std::optional<Permit> held = semaphore.try_acquire(1);
  std::optional<Permit> second = semaphore.try_acquire(1);
  CHECK(second.has_value());
  CHECK_FALSE(semaphore.try_acquire(1).has_value());
  held.reset();
  second.reset();
  std::optional<Permit> third = semaphore.try_acquire(1);
  CHECK(third.has_value());
  std::optional<Permit> fourth = semaphore.try_acquire(1);
  CHECK(fourth.has_value());
  CHECK_FALSE(semaphore.try_acquire(1).has_value());
}

TEST_CASE("#179 acquire waits as long as its context") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    auto acquire = [&](std::int64_t weight) -> awaitable<Result<Permit>> {
      const auto [limited, cancel] = with_timeout(ctx, 10ms);
      co_return co_await semaphore.acquire(limited, weight);
    };
    std::optional<Permit> held = semaphore.try_acquire(1);
    Result<Permit> first = co_await acquire(1);
    CHECK(first.has_value());
    Result<Permit> late = co_await acquire(1);
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().is(DeadlineExceeded));
    held->release();
    first->release();
    Result<Permit> again = co_await acquire(1);
    CHECK(again.has_value());
    Result<Permit> last = co_await acquire(1);
    CHECK(last.has_value());
    Result<Permit> too_much = co_await acquire(1);
    CHECK_FALSE(too_much.has_value());
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 20ms);
}

TEST_CASE("#180 a small request does not overtake a large one") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(3);
    Permit held = *semaphore.try_acquire(3);
    std::string order;
    Group group(ctx);
    group.go("large", note_turn(semaphore, 3, "L", order));
    group.go("small", note_turn(semaphore, 1, "s", order));
    co_await ctx.sleep(1ms);
    CHECK_FALSE(held.release(1));
    co_await ctx.sleep(1ms);
    CHECK(order.empty());
    CHECK_FALSE(held.release(2));
    CHECK_FALSE(co_await group.wait());
    CHECK(order == "Ls");
    CHECK(semaphore.available() == 3);
  };
  t.run(main(t.background()));
}

TEST_CASE("#181 try_acquire does not jump the queue") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    Permit held = *semaphore.try_acquire(1);
    std::string order;
    Group group(ctx);
    group.go("waiter", note_turn(semaphore, 2, "w", order));
    co_await ctx.sleep(1ms);
    CHECK(semaphore.available() == 1);
    CHECK_FALSE(semaphore.try_acquire(1).has_value());
    held.release();
    co_await group.wait();
    CHECK(semaphore.try_acquire(1).has_value());
  };
  t.run(main(t.background()));
}

TEST_CASE("#182 a large request is not starved by many small ones") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    constexpr std::int64_t kCapacity = 8;
    Semaphore semaphore(kCapacity);
    auto [small_ctx, stop] = with_cancel(ctx);
    auto cycle = [&semaphore](Context c) -> awaitable<Error> {
      while (true) {
        Result<Permit> permit = co_await semaphore.acquire(c, 1);
        if (!permit) co_return Error();
        co_await c.sleep(1ms);
      }
    };
    Group group(small_ctx);
    for (int i = 0; i < 2 * kCapacity; ++i) group.go("small", cycle);
    co_await ctx.sleep(10ms);
    const TimePoint asked = ctx.runtime().now();
    Result<Permit> all = co_await semaphore.acquire(ctx, kCapacity);
    CHECK(all.has_value());
    CHECK(ctx.runtime().now() - asked <= 2ms);
    stop();
    co_await group.wait();
  };
  t.run(main(t.background()));
}

TEST_CASE("#184 a done context gets nothing, whatever is free") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    const auto [done, cancel] = with_cancel(ctx);
    cancel(P);
    Result<Permit> permit = co_await semaphore.acquire(done, 1);
    REQUIRE_FALSE(permit.has_value());
    CHECK(permit.error().is(Canceled));
    CHECK(permit.error().is(P));
    CHECK(semaphore.available() == 2);
  };
  t.run(main(t.background()));
}

TEST_CASE("#185 a grant after the cancellation goes to somebody else") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    Permit held = *semaphore.try_acquire(2);
    const auto [waiting, cancel] = with_cancel(ctx);
    std::string order;
    Group group(waiting);
    Group::Handle waiter = group.go("waiter", note_turn(semaphore, 1, "w", order));
    co_await ctx.sleep(1ms);
    cancel(P);  // the waiter has not resumed yet
    held.release();
    CHECK(semaphore.try_acquire(2).has_value());
    co_await group.wait();
    CHECK(waiter.error().is(P));
    CHECK(order.empty());
    CHECK(semaphore.available() == 2);
  };
  t.run(main(t.background()));
}

TEST_CASE("#186 more than the capacity is refused at once and disturbs nobody") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    Result<Permit> permit = co_await semaphore.acquire(ctx, 3);
    REQUIRE_FALSE(permit.has_value());
    CHECK(permit.error().message() == "semaphore: the weight 3 exceeds the capacity of 2");
    std::string order;
    Group group(ctx);
    for (int i = 0; i < 6; ++i) group.go("small", note_turn(semaphore, 1, "s", order));
    co_await group.wait();
    CHECK(order == "ssssss");
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 0ms);
}

TEST_CASE("#187 releasing more than is held is refused and changes nothing") {
  Semaphore semaphore(2);
  Permit permit = *semaphore.try_acquire(1);
  CHECK(permit.release(2).message() == "semaphore: 2 released of 1 held");
  CHECK(permit.release(-1));
  CHECK(semaphore.available() == 1);
  permit.release();
  permit.release();
  CHECK(permit.release(1));
  CHECK(semaphore.available() == 2);
  CHECK_FALSE(semaphore.try_acquire(3).has_value());
}

TEST_CASE("#188 a weight of 0 needs no capacity, a negative one is refused") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(1);
    Permit held = *semaphore.try_acquire(1);
    Result<Permit> nothing = co_await semaphore.acquire(ctx, 0);
    CHECK(nothing.has_value());
    Result<Permit> negative = co_await semaphore.acquire(ctx, -1);
    CHECK_FALSE(negative.has_value());
    CHECK_FALSE(semaphore.try_acquire(-1).has_value());
    CHECK(semaphore.available() == 0);
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 0ms);
}

TEST_CASE("cancelling the waiter at the head lets smaller ones behind it go") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(2);
    Permit held = *semaphore.try_acquire(1);
    const auto [impatient, cancel] = with_cancel(ctx);
    std::string order;
    Group large(impatient);
    Group small(ctx);
    large.go("large", note_turn(semaphore, 2, "L", order));
    co_await ctx.sleep(1ms);
    small.go("small", note_turn(semaphore, 1, "s", order));
    co_await ctx.sleep(1ms);
    CHECK(order.empty());
    cancel();
    co_await large.wait();
    co_await small.wait();
    CHECK(order == "s");
  };
  t.run(main(t.background()));
}

TEST_CASE("a permit granted before the cancellation counts") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    Semaphore semaphore(1);
    Permit held = *semaphore.try_acquire(1);
    const auto [waiting, cancel] = with_cancel(ctx);
    std::string order;
    Group group(waiting);
    group.go("waiter", note_turn(semaphore, 1, "w", order));
    co_await ctx.sleep(1ms);
    held.release();
    cancel(P);
    co_await group.wait();
    CHECK(order == "w");
    CHECK(semaphore.available() == 1);
  };
  t.run(main(t.background()));
}

TEST_CASE("a permit moves, and assigning over one gives it back") {
  Semaphore semaphore(3);
  Permit one = *semaphore.try_acquire(1);
  Permit two = *semaphore.try_acquire(2);
  one = std::move(two);
  CHECK(one.weight() == 2);
  CHECK(semaphore.available() == 1);
}

TEST_CASE("a semaphore with a negative capacity refuses everything") {
  Semaphore semaphore(-1);
  CHECK_FALSE(semaphore.try_acquire(0).has_value());
  CHECK_FALSE(semaphore.try_acquire(1).has_value());
}

}  // namespace
}  // namespace errand::test
