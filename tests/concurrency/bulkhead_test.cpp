// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/bulkhead.h"

#include <stdexcept>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");

BulkheadOptions limited(std::int64_t limit, std::optional<Duration> max_wait) {
  BulkheadOptions options;
  options.limit = limit;
  options.max_wait = max_wait;
  return options;
}

// Two calls that take `first` and an hour, then a third one, whose result and start are returned.
struct ThirdCall {
  Error error;
  std::optional<Duration> started;
};

awaitable<ThirdCall> third_call(Context ctx, Bulkhead& bulkhead, Duration first, Context third) {
  ThirdCall seen;
  Group group(ctx);
  for (Duration takes : {first, Duration(1h)}) {
    auto call = [takes](Context c) -> awaitable<Error> { co_return co_await c.sleep(takes); };
    group.go("", [&bulkhead, call](Context c) { return bulkhead.run(std::move(c), call); });
  }
  co_await ctx.sleep(0s);
  auto call = [&seen](Context c) -> awaitable<Error> {
    seen.started = c.runtime().now() - TimePoint{};
    co_return Error();
  };
  seen.error = co_await bulkhead.run(third, call);
  group.cancel();
  co_await group.wait();
  co_return seen;
}

TEST_CASE("#220 a full bulkhead refuses after max_wait, and what it refuses never runs") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, 100ms));
  const ThirdCall third = t.run(third_call(t.background(), bulkhead, 1h, t.background()));
  CHECK(third.error == BulkheadFull);
  CHECK_FALSE(third.started.has_value());
  CHECK(t.elapsed() == 100ms);
  CHECK(bulkhead.available() == 2);
}

TEST_CASE("#220 a slot that becomes free in time is taken") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, 100ms));
  const ThirdCall third = t.run(third_call(t.background(), bulkhead, 50ms, t.background()));
  CHECK_FALSE(third.error);
  CHECK(third.started == 50ms);
}

TEST_CASE("a slot that comes in the instant in which the wait ends is taken") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, 100ms));
  const ThirdCall third = t.run(third_call(t.background(), bulkhead, 100ms, t.background()));
  CHECK_FALSE(third.error);
}

TEST_CASE("with no wait a full bulkhead refuses at once, and a free one does not") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, 0s));
  const ThirdCall third = t.run(third_call(t.background(), bulkhead, 1h, t.background()));
  CHECK(third.error == BulkheadFull);
  CHECK(t.elapsed() == 0s);
  auto call = [](Context) -> awaitable<Result<int>> { co_return 7; };
  CHECK(t.run(bulkhead.run(t.background(), call)) == 7);
}

TEST_CASE("with an unlimited wait a slot comes in the end") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, std::nullopt));
  const ThirdCall third = t.run(third_call(t.background(), bulkhead, 30min, t.background()));
  CHECK(third.started == Duration(30min));
}

TEST_CASE("waiting for a slot ends with the context") {
  VirtualTest t;
  Bulkhead bulkhead(limited(2, 1s));
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [caller, cancel] = with_timeout(ctx, 300ms, P);
    const ThirdCall third = co_await third_call(ctx, bulkhead, 1h, caller);
    CHECK(third.error.is(DeadlineExceeded));
    CHECK(third.error.is(P));
    CHECK_FALSE(third.error.is(BulkheadFull));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 300ms);
}

TEST_CASE("a call that throws gives its slot back") {
  VirtualTest t;
  Bulkhead bulkhead(limited(1, 0s));
  auto call = [](Context) -> awaitable<Error> {
    throw std::runtime_error("bug");
    co_return Error();
  };
  CHECK_THROWS_WITH(t.run(bulkhead.run(t.background(), call)), "bug");
  CHECK(bulkhead.available() == 1);
}

TEST_CASE("a bulkhead with bad options says so and runs nothing") {
  VirtualTest t;
  for (const BulkheadOptions& bad : {limited(0, 0s), limited(-1, 0s), limited(1, -1ms)}) {
    Bulkhead bulkhead(bad);
    CHECK(bulkhead.check());
    int runs = 0;
    auto call = [&](Context) -> awaitable<Error> {
      ++runs;
      co_return Error();
    };
    CHECK(t.run(bulkhead.run(t.background(), call)));
    CHECK(runs == 0);
  }
}

}  // namespace
}  // namespace errand::test
