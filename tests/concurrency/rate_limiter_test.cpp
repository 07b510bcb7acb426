// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/rate_limiter.h"

#include <asio/io_context.hpp>
#include <cmath>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
constexpr Duration kTick = 100ms;  // the time in which one token comes

// A runtime whose clock is set by hand, also backwards.
struct HandLoop {
  asio::io_context loop;
};
struct HandClock : HandLoop, Runtime {
  HandClock() : Runtime(loop.get_executor(), OwnTime{}) {}
  TimePoint now() const override { return TimePoint{} + tick * kTick; }
  int tick = 0;
};

struct LimiterTest {
  explicit LimiterTest(std::int64_t burst) : limiter(clock, 10, burst) {}
  bool allow(int tick, std::int64_t events = 1) {
    clock.tick = tick;
    return limiter.allow(events);
  }
  // The tick of the time to act, -1 when not ok.
  std::int64_t reserve(int tick, std::int64_t events) {
    clock.tick = tick;
    const Reservation reservation = limiter.reserve(events);
    return reservation.ok() ? (reservation.time_to_act() - TimePoint{}) / kTick : -1;
  }
  HandClock clock;
  RateLimiter limiter;
};

TEST_CASE("#198 a burst of 1 allows one event in each tick") {
  LimiterTest t(1);
  CHECK(t.allow(0));
  CHECK_FALSE(t.allow(0));
  CHECK(t.allow(1));
  CHECK_FALSE(t.allow(1));
  CHECK_FALSE(t.allow(2, 2));
  CHECK(t.allow(2));
}

TEST_CASE("#199 a burst of 3 is used up and fills again") {
  LimiterTest t(3);
  CHECK(t.allow(0, 2));
  CHECK_FALSE(t.allow(0, 2));
  CHECK(t.allow(0));
  CHECK_FALSE(t.allow(1, 4));
  CHECK(t.allow(2));
  CHECK(t.allow(3));
  CHECK(t.allow(4));
  CHECK(t.allow(4));
  CHECK_FALSE(t.allow(4));
  CHECK(t.allow(9, 3));
}

TEST_CASE("#200 a clock that goes back makes no tokens and loses none") {
  LimiterTest t(3);
  CHECK(t.allow(1));
  CHECK(t.allow(0));
  CHECK(t.allow(0));
  CHECK_FALSE(t.allow(0));
  CHECK(t.allow(1));
  CHECK_FALSE(t.allow(1));
  CHECK(t.allow(2));
}

TEST_CASE("#201 reservations queue up behind each other") {
  LimiterTest t(2);
  CHECK(t.reserve(0, 2) == 0);
  CHECK(t.reserve(0, 2) == 2);
  CHECK(t.reserve(3, 2) == 4);
}

TEST_CASE("#202 a reservation cancelled in time gives its tokens back") {
  LimiterTest t(2);
  CHECK(t.reserve(0, 2) == 0);
  Reservation reservation = t.limiter.reserve(2);
  CHECK(reservation.delay() == 2 * kTick);
  t.clock.tick = 1;
  reservation.cancel();
  CHECK(t.reserve(1, 2) == 2);
}

TEST_CASE("#202 a reservation cancelled after its time keeps its tokens") {
  LimiterTest t(2);
  CHECK(t.reserve(0, 2) == 0);
  Reservation reservation = t.limiter.reserve(2);
  t.clock.tick = 3;
  CHECK(reservation.delay() == 0s);
  reservation.cancel();
  CHECK(t.reserve(3, 2) == 4);
}

TEST_CASE("cancelling gives back only what no later reservation relies on, and only once") {
  LimiterTest t(2);
  CHECK(t.reserve(0, 2) == 0);
  Reservation first = t.limiter.reserve(2);  // at 2
  CHECK(t.reserve(0, 1) == 3);               // relies on one of its tokens
  t.clock.tick = 1;
  first.cancel();
  first.cancel();
  CHECK(t.limiter.tokens() == Approx(-1));
  CHECK(t.reserve(1, 2) == 4);
}

TEST_CASE("#204 what exceeds the burst is refused and takes nothing") {
  LimiterTest t(2);
  CHECK(t.reserve(0, 3) == -1);
  CHECK(t.reserve(0, 2) == 0);
  CHECK(t.reserve(0, 3) == -1);
  CHECK(t.reserve(0, 2) == 2);
  CHECK(t.reserve(0, -1) == -1);
}

TEST_CASE("#205 waiting for more than the burst fails at once, also on a done context") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, 10, 3);
  CHECK(t.run(limiter.wait(t.background(), 4)).message() == "rate: wait(4) exceeds the burst of 3");
  const auto [done, cancel] = with_cancel(t.background());
  cancel(P);
  CHECK(t.run(limiter.wait(done, 4)).message() == "rate: wait(4) exceeds the burst of 3");
  CHECK(t.run(limiter.wait(done, 1)).is(P));
  CHECK(limiter.tokens() == 3);
}

TEST_CASE("#206 a wait that would pass the deadline fails at once and takes nothing") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, 10, 3);
  auto main = [&](Context ctx) -> awaitable<void> {
    CHECK(limiter.allow(2));
    const auto [limited, cancel] = with_timeout(ctx, kTick);
    const Error error = co_await limiter.wait(limited, 3);
    CHECK(error.is(DeadlineExceeded));
    CHECK(error.message().find("wait(3)") != std::string::npos);
    CHECK(limiter.tokens() == Approx(1));
    CHECK_FALSE(co_await limiter.wait(limited, 2));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == kTick);
}

TEST_CASE("#207 the tokens of a cancelled wait come back") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, 10, 3);
  auto main = [&](Context ctx) -> awaitable<void> {
    CHECK(limiter.allow(2));
    const auto [limited, cancel] = with_cancel(ctx);
    Timer timer(ctx.runtime(), [&stop = cancel] { stop(P); });
    timer.set_after(kTick);
    CHECK((co_await limiter.wait(limited, 3)).is(P));
    CHECK_FALSE(co_await limiter.wait(ctx, 2));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == kTick);
}

TEST_CASE("#208 an infinite limit needs no burst") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, RateLimiter::kInfinite, 0);
  CHECK_FALSE(t.run(limiter.wait(t.background(), 1000)));
  CHECK(limiter.allow(1000));
  CHECK(t.elapsed() == 0s);
}

TEST_CASE("#209 a limit of 0 has its burst, and waiting for more fails at once") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, 0, 1);
  CHECK(limiter.allow());
  CHECK_FALSE(limiter.allow());
  CHECK(t.run(limiter.wait(t.background(), 1)));
  CHECK_FALSE(limiter.reserve(1).ok());
  CHECK(t.elapsed() == 0s);
}

TEST_CASE("waits are served in the order they came, one token apart") {
  VirtualTest t;
  RateLimiter limiter(t.runtime, 10, 1);
  auto main = [&](Context ctx) -> awaitable<void> {
    for (int i = 0; i < 5; ++i) CHECK_FALSE(co_await limiter.wait(ctx));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 4 * kTick);
}

TEST_CASE("a new limit and burst count from now on") {
  LimiterTest t(3);
  CHECK(t.allow(0, 3));
  t.clock.tick = 1;
  CHECK_FALSE(t.limiter.set_limit(20));
  CHECK(t.limiter.tokens() == Approx(1));
  t.clock.tick = 2;
  CHECK(t.limiter.tokens() == Approx(3));
  CHECK_FALSE(t.limiter.set_burst(1));
  CHECK(t.limiter.tokens() == Approx(1));
  CHECK(t.limiter.set_limit(-1));
  CHECK(t.limiter.set_burst(-1));
  CHECK(t.limiter.limit() == 20);
  CHECK(t.limiter.burst() == 1);
}

TEST_CASE("a limiter with bad numbers says so and grants nothing") {
  VirtualTest t;
  for (double limit : {-1.0, std::nan("")}) {
    RateLimiter limiter(t.runtime, limit, 1);
    CHECK(limiter.check());
    CHECK_FALSE(limiter.allow());
    CHECK(t.run(limiter.wait(t.background())));
  }
  RateLimiter limiter(t.runtime, 1, -1);
  CHECK(limiter.check());
  CHECK_FALSE(limiter.allow(0));
}

TEST_CASE("a reservation under an infinite limit has nothing to give back") {
  LimiterTest t(1);
  CHECK(t.allow(0));
  CHECK_FALSE(t.limiter.set_limit(RateLimiter::kInfinite));
  Reservation reservation = t.limiter.reserve(1000);
  CHECK_FALSE(t.limiter.set_limit(10));
  reservation.cancel();
  CHECK(t.limiter.tokens() <= 1);
}

TEST_CASE("a deadline of never is far away on a clock that reads less than zero") {
  VirtualTest test;
  test.runtime.advance(-1h);
  RateLimiter limiter(test.runtime, 1, 1);
  const auto main = [&](Context context) -> awaitable<void> {
    const auto [limited, cancel] = with_deadline(context, TimePoint::max(), P);
    CHECK_FALSE(co_await limiter.wait(limited));
    CHECK_FALSE(co_await limiter.wait(limited));  // in a second
    CHECK(limited.runtime().now() == TimePoint(-1h + 1s));
  };
  test.run(main(test.background()));
}

}  // namespace
}  // namespace errand::test
