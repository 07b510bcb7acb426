// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/joiners.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error C = Error::text("C");
const Error E = Error::text("E");

// Gives `value` after `delay`, or the context's error when that ends first.
Fn<int> gives(Duration delay, int value) {
  return [=](Context context) -> awaitable<Result<int>> {
    if (Error error = co_await context.sleep(delay)) co_return std::unexpected(error);
    co_return value;
  };
}

Fn<int> fails(Duration delay, Error failure) {
  return [=](Context context) -> awaitable<Result<int>> {
    if (Error error = co_await context.sleep(delay)) co_return std::unexpected(error);
    co_return std::unexpected(failure);
  };
}

// Takes `time` to clean up once it is cancelled, and counts itself.
Fn<int> cleans_up(Duration time, int& cleaned) {
  return [time, &cleaned](Context context) -> awaitable<Result<int>> {
    const Error error = co_await context.sleep(1000h);
    co_await without_cancel(context).sleep(time);
    ++cleaned;
    co_return std::unexpected(error);
  };
}

// ---- with_group

TEST_CASE("#92 a body that throws: children are cancelled and joined, and its exception is first") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.name = "scope";
    const auto body = [](Group& group) -> awaitable<Error> {
      group.go("child", until_canceled());
      const auto cleans_badly = [](Context c) -> awaitable<Error> {
        co_await c.wait_done();
        co_await without_cancel(c).sleep(10ms);
        co_return C;
      };
      group.go("other", cleans_badly);
      group.go("", cleans_badly);
      co_await group.context().sleep(1s);
      throw std::runtime_error("X");
    };
    co_return co_await with_group(context, options, body);
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.message() == "[X, other: C, C]");
  CHECK_THROWS_AS(error.raise(), std::runtime_error);
  CHECK(error.is(C));
  CHECK(test.elapsed() == 1010ms);
}

TEST_CASE("a body that fails cancels its children with that error as the cause") {
  VirtualTest test;
  Error cause;
  const auto main = [&](Context context) -> awaitable<Error> {
    const auto body = [&](Group& group) -> awaitable<Error> {
      const auto looks = [&](Context c) -> awaitable<Error> {
        co_await c.wait_done();
        cause = c.cause();
        co_return c.done_error();
      };
      group.go("looks", looks);
      co_return E;
    };
    GroupOptions options;
    co_return co_await with_group(context, std::move(options), body);
  };
  CHECK(test.run(main(test.background())) == E);
  CHECK(cause == E);
}

TEST_CASE("#93 a body that returns early waits for its children and does not cancel them") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    const auto body = [](Group& group) -> awaitable<Error> {
      const auto child = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(5s); };
      group.go("child", child);
      co_return Error();
    };
    GroupOptions options;
    co_return co_await with_group(context, std::move(options), body);
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("#95 a supervisor goes on when a child fails, and the handle has the error") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  Error a_error;
  ChildState b_state{};
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.on_failure = OnFailure::keep_going;
    options.report = Report::none;
    const auto body = [&](Group& group) -> awaitable<Error> {
      const Group::Handle a = group.go("a", ends(1s, E));
      const Group::Handle b = group.go("b", until_canceled());
      a_error = co_await a.wait();
      co_await context.sleep(1s);
      CHECK(b.state() == ChildState::running);
      cancel(P);
      CHECK((co_await b.wait()).is(P));
      b_state = b.state();
      co_return Error();
    };
    co_return co_await with_group(context, options, body);
  };
  CHECK_FALSE(test.run(main(parent)));
  CHECK(a_error == E);
  CHECK(b_state == ChildState::canceled);
}

// ---- all

TEST_CASE("#96 all gives the results in the order of the functions") {
  VirtualTest test;
  Fns<int> functions = {gives(2ms, 1), gives(3ms, 2), gives(1ms, 3)};
  const auto result = test.run(all<int>(test.background(), std::move(functions)));
  REQUIRE(result.has_value());
  CHECK(*result == std::vector<int>{1, 2, 3});
  CHECK(test.elapsed() == 3ms);
}

TEST_CASE("#97 all returns the first failure once the others are cancelled and joined") {
  VirtualTest test;
  int cleaned = 0;
  Fns<int> functions = {cleans_up(10ms, cleaned), fails(1ms, E), fails(5ms, C),
                        cleans_up(20ms, cleaned)};
  const auto result = test.run(all<int>(test.background(), std::move(functions)));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error() == E);
  CHECK(cleaned == 2);
  CHECK(test.elapsed() == 21ms);
}

TEST_CASE("all over no functions is an empty list") {
  VirtualTest test;
  const auto result = test.run(all<int>(test.background(), {}));
  REQUIRE(result.has_value());
  CHECK(result->empty());
}

TEST_CASE("all returns an error, whatever its group's options leave out") {
  VirtualTest test;
  GroupOptions options;
  SECTION("a failure that the group does not report") { options.report = Report::none; }
  SECTION("functions that the group refuses") { options.limit = 0; }
  SECTION("functions that the group skips") {
    options.limit = 1;
    options.skip_queued_on_cancel = true;
    options.stop_when = [](const Progress& progress) { return progress.succeeded == 1; };
  }
  Fns<int> functions = {gives(1ms, 1), fails(2ms, E), gives(3ms, 3)};
  const auto result = test.run(all<int>(test.background(), std::move(functions), options));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error());
}

TEST_CASE("all keeps to its group's limit") {
  VirtualTest test;
  GroupOptions options;
  options.limit = 1;
  Fns<int> functions = {gives(1ms, 1), gives(2ms, 2), gives(3ms, 3)};
  CHECK(test.run(all<int>(test.background(), std::move(functions), options)).has_value());
  CHECK(test.elapsed() == 6ms);
}

// ---- any

TEST_CASE("#98 any gives the first success once the others are cancelled and joined") {
  VirtualTest test;
  int cleaned = 0;
  Fns<int> functions = {cleans_up(10ms, cleaned), gives(1ms, 2), cleans_up(20ms, cleaned)};
  const auto result = test.run(any<int>(test.background(), std::move(functions)));
  REQUIRE(result.has_value());
  CHECK(*result == 2);
  CHECK(cleaned == 2);
  CHECK(test.elapsed() == 21ms);
}

TEST_CASE("any tells the losers why: another one was first") {
  VirtualTest test;
  Error cause;
  const Fn<int> loser = [&](Context context) -> awaitable<Result<int>> {
    co_await context.wait_done();
    cause = context.cause();
    co_return 7;  // too late
  };
  const auto result = test.run(any<int>(test.background(), {loser, gives(1ms, 2)}));
  CHECK(result.value() == 2);
  CHECK(cause == Superseded);
}

TEST_CASE("#99 any of only failures gives them all in the order of the functions") {
  VirtualTest test;
  Fns<int> functions = {fails(3ms, E), fails(1ms, C), fails(2ms, P)};
  const auto result = test.run(any<int>(test.background(), std::move(functions)));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message() == "[E, C, P]");
}

TEST_CASE("any survives failures and exceptions before the first success") {
  VirtualTest test;
  const Fn<int> throws = [](Context) -> awaitable<Result<int>> {
    throw std::runtime_error("X");
    co_return 0;
  };
  const auto result = test.run(any<int>(test.background(), {throws, fails(1ms, E), gives(2ms, 3)}));
  CHECK(result.value() == 3);
}

TEST_CASE("#100 any of no functions is an error of its own") {
  VirtualTest test;
  const auto result = test.run(any<int>(test.background(), {}));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error() == NothingToRun);
}

TEST_CASE("any returns an error when its group refuses every function") {
  VirtualTest test;
  GroupOptions options;
  options.limit = 0;
  const auto result = test.run(any<int>(test.background(), {gives(1ms, 1)}, options));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error() == LimitIsZero);
}

TEST_CASE("any starts nothing more once it has its result") {
  VirtualTest test;
  GroupOptions options;
  options.limit = 1;
  bool started = false;
  const Fn<int> second = [&](Context) -> awaitable<Result<int>> {
    started = true;
    co_return 2;
  };
  const auto result = test.run(any<int>(test.background(), {gives(1ms, 1), second}, options));
  CHECK(result.value() == 1);
  CHECK_FALSE(started);
}

TEST_CASE("any under a context that ends says so") {
  VirtualTest test;
  const Context context = with_timeout(test.background(), 1s).first;
  const auto result = test.run(any<int>(context, {gives(1h, 1), gives(2h, 2)}));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().is(DeadlineExceeded));
  CHECK(test.elapsed() == 1s);
}

}  // namespace
}  // namespace errand::test
