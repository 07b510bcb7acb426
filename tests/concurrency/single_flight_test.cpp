// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/single_flight.h"

#include <stdexcept>
#include <string>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");
const Error P = Error::text("P");
const Key<int> kNumber;

using Flights = SingleFlight<std::string, std::string>;

// Counts its runs; each takes a second and gives "bar".
struct SlowBar {
  int* runs;
  awaitable<Result<std::string>> operator()(Context ctx) {
    ++*runs;
    if (Error stopped = co_await ctx.sleep(1s)) co_return std::unexpected(stopped);
    co_return "bar";
  }
};

// A child that asks for `key` and keeps the outcome.
template <class F>
auto ask(Flights& flights, std::string key, F function, std::optional<Flights::Outcome>& outcome) {
  return [&flights, key, function, &outcome](Context ctx) -> awaitable<Error> {
    outcome.emplace(co_await flights.run(ctx, key, function));
    co_return Error();
  };
}

TEST_CASE("#189 a single caller gets its value or its error, and shares with nobody") {
  VirtualTest t;
  Flights flights;
  auto bar = [](Context) -> awaitable<Result<std::string>> { co_return "bar"; };
  const Flights::Outcome good = t.run(flights.run(t.background(), "key", bar));
  CHECK(good.result == "bar");
  CHECK_FALSE(good.shared);
  auto fail = [](Context) -> awaitable<Result<std::string>> { co_return std::unexpected(E); };
  const Flights::Outcome bad = t.run(flights.run(t.background(), "key", fail));
  CHECK(bad.result.error() == E);
  CHECK_FALSE(bad.shared);
}

TEST_CASE("#190 callers of one key share one execution") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  std::vector<std::optional<Flights::Outcome>> outcomes(10);
  auto main = [&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    for (auto& outcome : outcomes) group.go("", ask(flights, "key", SlowBar{&runs}, outcome));
    co_await group.wait();
  };
  t.run(main(t.background()));
  CHECK(runs == 1);
  CHECK(t.elapsed() == 1s);
  for (const auto& outcome : outcomes) {
    CHECK(outcome->result == "bar");
    CHECK(outcome->shared);
  }
}

TEST_CASE("#191 different keys run at the same time") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  std::vector<std::optional<Flights::Outcome>> outcomes(2);
  auto main = [&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    group.go("", ask(flights, "a", SlowBar{&runs}, outcomes[0]));
    group.go("", ask(flights, "b", SlowBar{&runs}, outcomes[1]));
    co_await group.wait();
  };
  t.run(main(t.background()));
  CHECK(runs == 2);
  CHECK(t.elapsed() == 1s);
  CHECK_FALSE(outcomes[0]->shared);
}

TEST_CASE("#192 nothing is kept: the next call runs again") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  auto fail = [&](Context) -> awaitable<Result<std::string>> {
    ++runs;
    co_return std::unexpected(E);
  };
  for (int i = 0; i < 2; ++i) t.run(flights.run(t.background(), "key", fail));
  for (int i = 0; i < 2; ++i) t.run(flights.run(t.background(), "key", SlowBar{&runs}));
  CHECK(runs == 4);
}

TEST_CASE("#193 every caller gets what the function throws, and the key works afterwards") {
  VirtualTest t;
  Flights flights;
  std::vector<std::optional<Flights::Outcome>> outcomes(5);
  auto throwing = [](Context ctx) -> awaitable<Result<std::string>> {
    co_await ctx.sleep(1s);
    throw std::runtime_error("X");
  };
  auto main = [&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    for (auto& outcome : outcomes) group.go("", ask(flights, "key", throwing, outcome));
    co_await group.wait();
  };
  t.run(main(t.background()));
  for (const auto& outcome : outcomes) CHECK_THROWS_WITH(outcome->result.error().raise(), "X");
  int runs = 0;
  CHECK(t.run(flights.run(t.background(), "key", SlowBar{&runs})).result == "bar");
}

TEST_CASE("#195 a function that calls its own key is refused") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  auto outer = [&](Context ctx) -> awaitable<Result<std::string>> {
    const auto [derived, cancel] = with_cancel(ctx);
    SlowBar slow{&runs};
    Flights::Outcome inner = co_await flights.run(derived, "key", slow);
    co_return inner.result;
  };
  CHECK(t.run(flights.run(t.background(), "key", outer)).result.error() == ReentrantFlight);
  CHECK(runs == 0);
}

TEST_CASE("a function that comes back to its key through another one is refused") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  auto middle = [&](Context ctx) -> awaitable<Result<std::string>> {
    SlowBar slow{&runs};
    Flights::Outcome inner = co_await flights.run(ctx, "a", slow);
    co_return inner.result;
  };
  auto outer = [&](Context ctx) -> awaitable<Result<std::string>> {
    co_return (co_await flights.run(ctx, "b", middle)).result;
  };
  CHECK(t.run(flights.run(t.background(), "a", outer)).result.error() == ReentrantFlight);
}

TEST_CASE("#196 the execution goes on for the follower when the leader leaves") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  std::vector<std::optional<Flights::Outcome>> outcomes(2);
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [leader, cancel] = with_cancel(ctx);
    Group leaders(leader);
    Group followers(ctx);
    leaders.go("", ask(flights, "key", SlowBar{&runs}, outcomes[0]));
    co_await ctx.sleep(100ms);
    followers.go("", ask(flights, "key", SlowBar{&runs}, outcomes[1]));
    co_await ctx.sleep(100ms);
    cancel(P);
    co_await leaders.wait();
    CHECK(t.elapsed() == 200ms);
    co_await followers.wait();
  };
  t.run(main(t.background()));
  CHECK(outcomes[0]->result.error().is(P));
  CHECK(outcomes[1]->result == "bar");
  CHECK(outcomes[1]->shared);
  CHECK(runs == 1);
  CHECK(t.elapsed() == 1s);
}

TEST_CASE("#197 the last caller to leave cancels the execution and joins it") {
  VirtualTest t;
  Flights flights;
  std::string log;
  auto stubborn = [&](Context ctx) -> awaitable<Result<std::string>> {
    Error stopped = co_await ctx.sleep(1h);
    log += "stopped: " + stopped.message();
    co_await without_cancel(ctx).sleep(5s);
    log += ", cleaned up";
    co_return std::unexpected(stopped);
  };
  int runs = 0;
  std::vector<std::optional<Flights::Outcome>> outcomes(3);
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [callers, cancel] = with_cancel(ctx);
    Group group(callers);
    Group later(ctx);
    group.go("", ask(flights, "key", stubborn, outcomes[0]));
    group.go("", ask(flights, "key", stubborn, outcomes[1]));
    co_await ctx.sleep(1s);
    cancel(P);
    co_await ctx.sleep(1s);
    CHECK(log == "stopped: context canceled: P");
    later.go("", ask(flights, "key", SlowBar{&runs}, outcomes[2]));
    co_await group.wait();
    CHECK(log == "stopped: context canceled: P, cleaned up");
    CHECK(t.elapsed() == 6s);
    co_await later.wait();
  };
  t.run(main(t.background()));
  CHECK(outcomes[0]->result.error().is(P));
  CHECK(outcomes[1]->result.error().is(P));
  CHECK(outcomes[2]->result == "bar");
  CHECK(runs == 1);
}

TEST_CASE("after forget the next call runs anew, and the earlier end leaves it alone") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  std::vector<std::optional<Flights::Outcome>> outcomes(3);
  auto main = [&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    group.go("", ask(flights, "key", SlowBar{&runs}, outcomes[0]));
    co_await ctx.sleep(500ms);
    flights.forget("key");
    group.go("", ask(flights, "key", SlowBar{&runs}, outcomes[1]));
    co_await ctx.sleep(700ms);  // the first has ended, the second has not
    group.go("", ask(flights, "key", SlowBar{&runs}, outcomes[2]));
    co_await group.wait();
  };
  t.run(main(t.background()));
  CHECK(runs == 2);
  CHECK_FALSE(outcomes[0]->shared);
  CHECK(outcomes[1]->shared);
  CHECK(outcomes[2]->shared);
}

TEST_CASE("the function sees the leader's values and no deadline") {
  VirtualTest t;
  Flights flights;
  auto look = [](Context ctx) -> awaitable<Result<std::string>> {
    co_return std::to_string(*ctx.value(kNumber)) + (ctx.deadline() ? " deadline" : "");
  };
  auto main = [&](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(with_value(ctx, kNumber, 7), 1s);
    CHECK((co_await flights.run(limited, "key", look)).result == "7");
  };
  t.run(main(t.background()));
}

TEST_CASE("a caller whose context is done starts nothing") {
  VirtualTest t;
  Flights flights;
  int runs = 0;
  const auto [done, cancel] = with_cancel(t.background());
  cancel(P);
  CHECK(t.run(flights.run(done, "key", SlowBar{&runs})).result.error().is(P));
  CHECK(runs == 0);
}

}  // namespace
}  // namespace errand::test
