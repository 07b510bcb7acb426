// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/circuit_breaker.h"

#include <stdexcept>
#include <string>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");
const Error P = Error::text("P");

BreakerOptions closed_at(std::size_t failures, std::size_t window = 0) {
  BreakerOptions options;
  options.failures = failures;
  options.window = window;
  options.delay = 100ms;
  return options;
}

BreakerOptions half_open_with(std::size_t successes, std::size_t trials) {
  BreakerOptions options = closed_at(1);
  options.successes = successes;
  options.trials = trials;
  return options;
}

// Records one result for each letter, S or F, each under a permit of its own.
void record(CircuitBreaker& breaker, std::string_view results) {
  for (char result : results) {
    auto permit = breaker.try_acquire();
    REQUIRE(permit.has_value());
    if (result == 'S') {
      permit->success();
    } else {
      permit->failure();
    }
  }
}

// A breaker that has been opened and whose delay has passed.
struct HalfOpen : VirtualTest {
  HalfOpen(std::size_t successes, std::size_t trials)
      : breaker(runtime, half_open_with(successes, trials)) {
    record(breaker, "F");
    runtime.advance(100ms);
  }
  CircuitBreaker breaker;
};

TEST_CASE("#210 failures in a row open the circuit, and a success starts the count anew") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(3));
  record(breaker, "FSFF");
  CHECK(breaker.state() == CircuitState::closed);
  record(breaker, "F");
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("#211 three failures of five open the circuit before there are five results") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(3, 5));
  record(breaker, "FF");
  CHECK(breaker.state() == CircuitState::closed);
  record(breaker, "F");
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("#212 every second call failing is less than three of four") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(3, 4));
  for (int i = 0; i < 20; ++i) {
    record(breaker, "SF");
    CHECK(breaker.state() == CircuitState::closed);
  }
  record(breaker, "F");  // now the last four are F, S, F, F
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("#213 an open circuit runs nothing until its delay is over") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(1));
  record(breaker, "F");
  int runs = 0;
  auto call = [&](Context) -> awaitable<Error> {
    ++runs;
    co_return Error();
  };
  t.runtime.advance(50ms);
  CHECK(breaker.state() == CircuitState::open);
  CHECK(t.run(breaker.run(t.background(), call)) == CircuitOpen);
  CHECK(runs == 0);
  t.runtime.advance(60ms);
  CHECK(breaker.state() == CircuitState::half_open);
  CHECK(breaker.try_acquire().has_value());
  CHECK(breaker.state() == CircuitState::half_open);
  CHECK_FALSE(t.run(breaker.run(t.background(), call)));
  CHECK(runs == 1);
  CHECK(breaker.state() == CircuitState::closed);
}

TEST_CASE("#214 two successes of four: the third failure makes them impossible") {
  HalfOpen t(2, 4);
  record(t.breaker, "SFF");
  CHECK(t.breaker.state() == CircuitState::half_open);
  record(t.breaker, "F");
  CHECK(t.breaker.state() == CircuitState::open);
}

TEST_CASE("#215 two successes of three close the circuit") {
  HalfOpen t(2, 3);
  record(t.breaker, "FS");
  CHECK(t.breaker.state() == CircuitState::half_open);
  record(t.breaker, "S");
  CHECK(t.breaker.state() == CircuitState::closed);
}

TEST_CASE("#216 half open it admits as many calls at a time as it has trials") {
  HalfOpen t(2, 4);
  std::vector<CircuitBreaker::Permit> permits;
  for (int i = 0; i < 4; ++i) {
    auto permit = t.breaker.try_acquire();
    REQUIRE(permit.has_value());
    permits.push_back(std::move(*permit));
  }
  auto fifth = t.breaker.try_acquire();
  REQUIRE_FALSE(fifth.has_value());
  CHECK(fifth.error() == CircuitOpen);
  permits.back().failure();
  CHECK(t.breaker.try_acquire().has_value());
}

TEST_CASE("#218 an exception counts as a failure and goes on") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(1));
  auto call = [](Context) -> awaitable<Result<int>> {
    throw std::runtime_error("bug");
    co_return 1;
  };
  CHECK_THROWS_WITH(t.run(breaker.run(t.background(), call)), "bug");
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("#219 a cancelled trial counts as nothing and gives its permit back") {
  HalfOpen t(1, 1);
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [caller, cancel] = with_cancel(ctx);
    Timer timer(ctx.runtime(), [&stop = cancel] { stop(P); });
    timer.set_after(1s);
    auto call = [&](Context c) -> awaitable<Error> {
      CHECK_FALSE(t.breaker.try_acquire().has_value());
      co_return co_await c.sleep(1h);
    };
    CHECK((co_await t.breaker.run(caller, call)).is(P));
  };
  t.run(main(t.background()));
  CHECK(t.breaker.state() == CircuitState::half_open);
  CHECK(t.breaker.try_acquire().has_value());
}

TEST_CASE("a deadline that passes during the call is a failure") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(1));
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [caller, cancel] = with_timeout(ctx, 1s);
    auto call = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(1h); };
    CHECK((co_await breaker.run(caller, call)).is(DeadlineExceeded));
  };
  t.run(main(t.background()));
  CHECK(breaker.state() == CircuitState::open);
}

TEST_CASE("what began before a change of state does not count after it") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(1));
  auto slow_success = breaker.try_acquire();
  auto slow_failure = breaker.try_acquire();
  record(breaker, "F");
  t.runtime.advance(100ms);
  auto trial = breaker.try_acquire();
  REQUIRE(trial.has_value());
  slow_success->success();
  CHECK(breaker.state() == CircuitState::half_open);
  slow_failure->failure();
  CHECK(breaker.state() == CircuitState::half_open);
  trial->success();
  CHECK(breaker.state() == CircuitState::closed);
}

TEST_CASE("a permit's word counts once") {
  VirtualTest t;
  CircuitBreaker breaker(t.runtime, closed_at(2));
  auto permit = breaker.try_acquire();
  permit->failure();
  permit->failure();
  CHECK(breaker.state() == CircuitState::closed);
}

TEST_CASE("only errors that speak against the server count") {
  VirtualTest t;
  BreakerOptions options = closed_at(1);
  options.is_failure = [](const Error& error) { return error.is(P); };
  CircuitBreaker breaker(t.runtime, options);
  auto call = [](Context) -> awaitable<Result<int>> { co_return std::unexpected(E); };
  CHECK(t.run(breaker.run(t.background(), call)).error() == E);
  CHECK(breaker.state() == CircuitState::closed);
}

TEST_CASE("a circuit that opened again waits for the whole delay") {
  HalfOpen t(1, 1);
  record(t.breaker, "F");
  t.runtime.advance(99ms);
  CHECK(t.breaker.state() == CircuitState::open);
  t.runtime.advance(1ms);
  CHECK(t.breaker.state() == CircuitState::half_open);
}

TEST_CASE("the observer hears of each change") {
  VirtualTest t;
  BreakerOptions options = closed_at(1);
  std::string heard;
  options.on_change = [&](CircuitState from, CircuitState to) {
    heard.append(to_string(from)).append(">").append(to_string(to)).append(" ");
  };
  CircuitBreaker breaker(t.runtime, options);
  record(breaker, "F");
  t.runtime.advance(100ms);
  record(breaker, "S");
  CHECK(heard == "closed>open open>half-open half-open>closed ");
}

TEST_CASE("a done context takes no permit") {
  HalfOpen t(1, 1);
  const auto [done, cancel] = with_cancel(t.background());
  cancel(P);
  auto call = [](Context) -> awaitable<Error> { co_return Error(); };
  CHECK(t.run(t.breaker.run(done, call)).is(P));
  CHECK(t.breaker.state() == CircuitState::half_open);
}

TEST_CASE("a breaker with bad options says so and refuses every call") {
  VirtualTest t;
  BreakerOptions negative = closed_at(1);
  negative.delay = -1ms;
  for (const BreakerOptions& bad :
       {closed_at(0), closed_at(3, 2), half_open_with(0, 1), half_open_with(2, 1), negative}) {
    CircuitBreaker breaker(t.runtime, bad);
    CHECK(breaker.check());
    CHECK_FALSE(breaker.try_acquire().has_value());
  }
}

}  // namespace
}  // namespace errand::test
