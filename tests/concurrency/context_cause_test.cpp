// SPDX-License-Identifier: Apache-2.0
//
// Why a context is done: the first event on a node counts, and goes down to what is not yet done.
#include <asio/post.hpp>
#include <string>
#include <utility>

#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error C = Error::text("C");
const Error E = Error::text("E");
const Error S = Error::text("S");

// A parent and its child, each with its own cancel function.
struct Pair {
  explicit Pair(VirtualTest& test) : Pair(with_cancel(test.background())) {}
  Context parent;
  CancelFn cancel_parent;
  Context child;
  CancelFn cancel_child;

 private:
  using Scope = std::pair<Context, CancelFn>;
  explicit Pair(const Scope& above) : Pair(above, with_cancel(above.first)) {}
  Pair(const Scope& above, const Scope& below)
      : parent(above.first),
        cancel_parent(above.second),
        child(below.first),
        cancel_child(below.second) {}
};

void check_canceled(const Context& context, const Error& cause) {
  CHECK(context.err() == Canceled);
  CHECK(context.cause() == cause);
}

TEST_CASE("#27 the cause given to cancel is the cause, and err stays Canceled") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel(E);
  check_canceled(context, E);
}

TEST_CASE("#28 cancelling without a cause is for good") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel(Error());
  cancel(E);
  check_canceled(context, Canceled);
}

TEST_CASE("#29 the first cause stands") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel(P);
  cancel(E);
  check_canceled(context, P);
}

TEST_CASE("#30 a parent cancelled first gives its cause to the child") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_parent(P);
  pair.cancel_child(C);
  check_canceled(pair.child, P);
}

TEST_CASE("#31 a child cancelled first keeps its cause, and the parent has its own") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_child(C);
  pair.cancel_parent(P);
  check_canceled(pair.child, C);
  check_canceled(pair.parent, P);
}

TEST_CASE("#32 a plain cancel after the parent's does not hide the parent's cause") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_parent(P);
  pair.cancel_child();
  check_canceled(pair.child, P);
}

TEST_CASE("a child's plain cancel before the parent's keeps Canceled as its cause") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_child();
  pair.cancel_parent(P);
  check_canceled(pair.child, Canceled);
}

TEST_CASE("#34 a cause that comes after the parent's plain cancel is too late") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_parent();
  pair.cancel_child(C);
  check_canceled(pair.child, Canceled);
}

TEST_CASE("#35 a cause that comes before the parent's plain cancel stays") {
  VirtualTest test;
  const Pair pair(test);
  pair.cancel_child(C);
  pair.cancel_parent();
  check_canceled(pair.child, C);
  check_canceled(pair.parent, Canceled);
}

TEST_CASE("#36 a timeout's cause is told when its timer fires") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1s, S);
  test.runtime.advance(1s);
  CHECK(context.err() == DeadlineExceeded);
  CHECK(context.cause() == S);
  CHECK(context.done_error().message() == "context deadline exceeded: S");
}

TEST_CASE("a timeout's cause is not told when the context is cancelled before") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1s, S);
  cancel();
  check_canceled(context, Canceled);
}

TEST_CASE("#38 a child that timed out keeps its error and cause when the parent is cancelled") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  const Context child = with_timeout(parent, 1s, S).first;
  test.runtime.advance(1s);
  cancel(E);
  CHECK(child.err() == DeadlineExceeded);
  CHECK(child.cause() == S);
  check_canceled(parent, E);
}

TEST_CASE("#39 a child cancelled through its parent before its timeout has the parent's cause") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  const Context child = with_timeout(parent, 1s, S).first;
  cancel(E);
  check_canceled(child, E);
  test.runtime.advance(2s);
  check_canceled(child, E);
}

TEST_CASE("#40 a value child has the cause of the context above it") {
  VirtualTest test;
  const Key<int> key;
  const auto [parent, cancel] = with_cancel(test.background());
  const Context value = with_value(parent, key, 1);
  cancel(P);
  check_canceled(value, P);
}

void check_says_why(const Error& error) {
  CHECK(error.is(Canceled));
  CHECK(error.is(P));
  CHECK(error.message() == "context canceled: P");
}

TEST_CASE("#42 an operation that a cancelled context ends says Canceled and why") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  Event never(test.runtime);
  const auto sleeps = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(1h); };
  const auto waits = [&](Context c) -> awaitable<Error> { co_return co_await never.wait(c); };
  const auto cancels = [&](Context c) -> awaitable<Error> {
    co_await c.sleep(1s);
    cancel(P);
    co_return Error();
  };
  const auto main = [](awaitable<Error> canceller, awaitable<Error> op) -> awaitable<Error> {
    co_await std::move(canceller);
    co_return co_await std::move(op);
  };
  SECTION("a sleep that has begun") {
    Error error;
    const auto store = [&](Context c) -> awaitable<void> { error = co_await sleeps(c); };
    test.runtime.start(store(context));
    test.run(cancels(test.background()));
    test.runtime.run_until_idle();
    check_says_why(error);
    CHECK(test.elapsed() == 1s);
  }
  SECTION("a wait that has begun") {
    Error error;
    const auto store = [&](Context c) -> awaitable<void> { error = co_await waits(c); };
    test.runtime.start(store(context));
    test.run(cancels(test.background()));
    test.runtime.run_until_idle();
    check_says_why(error);
  }
  SECTION("a sleep under a context that is done") {
    check_says_why(test.run(main(cancels(test.background()), sleeps(context))));
  }
  SECTION("a wait under a context that is done") {
    check_says_why(test.run(main(cancels(test.background()), waits(context))));
  }
}

TEST_CASE("an operation under a plainly cancelled context returns Canceled itself") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel();
  const auto main = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(1h); };
  CHECK(test.run(main(context)) == Canceled);
}

TEST_CASE("a sleep that ends in the instant of the deadline has succeeded") {
  VirtualTest test;
  const Context context = with_timeout(test.background(), 1s).first;
  const auto main = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(1s); };
  CHECK_FALSE(test.run(main(context)));
}

TEST_CASE("a sleep that has passed succeeds, though its context ends before it resumes") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  const auto main = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(1s); };
  Timer canceller(test.runtime, [&, cancel] { cancel(P); });
  const auto both = [&](Context c) -> awaitable<Error> {
    awaitable<Error> sleep = main(c);
    asio::post(test.runtime.executor(), [&] { canceller.set(TimePoint{} + 1s); });
    co_return co_await std::move(sleep);
  };
  CHECK_FALSE(test.run(both(context)));
  CHECK(context.done());
}

TEST_CASE("a sleep of no time passes once the loop has turned") {
  VirtualTest test;
  const auto main = [](Context c) -> awaitable<Error> { co_return co_await c.sleep(-1s); };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(test.elapsed() == 0s);
}

TEST_CASE("an operation keeps the context it was asked of") {
  VirtualTest test;
  const auto sleep = [](Context c) { return c.sleep(1s); };  // c is gone when it is awaited
  const auto wait = [](Context c) { return c.wait_done(); };
  CHECK_FALSE(test.run(sleep(with_timeout(test.background(), 1h).first)));
  test.run(wait(with_timeout(test.background(), 1s).first));
  CHECK(test.elapsed() == 2s);
}

}  // namespace
}  // namespace errand::test
