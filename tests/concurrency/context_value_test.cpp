// SPDX-License-Identifier: Apache-2.0
//
// Values, detaching, callbacks, stop tokens.
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error E = Error::text("E");

std::size_t registrations(const VirtualTest& test) { return test.runtime.counts().registrations; }

TEST_CASE("#43 the nearest binding of a key is found, and outer contexts keep theirs") {
  VirtualTest test;
  const Key<std::string> key;
  const Key<std::string> other;
  const Context outer = with_value(test.background(), key, std::string("outer"));
  const Context inner = with_value(with_cancel(outer).first, key, std::string("inner"));
  CHECK(*inner.value(key) == "inner");
  CHECK(*outer.value(key) == "outer");
  CHECK(inner.value(other) == nullptr);
}

TEST_CASE("#44 keys are themselves, whatever their type") {
  VirtualTest test;
  const Key<int> number;
  const Key<int> same_type;
  const Key<long> other_type;
  const Context context = with_value(test.background(), number, 1);
  CHECK(*context.value(number) == 1);
  CHECK(context.value(same_type) == nullptr);
  CHECK(context.value(other_type) == nullptr);
}

TEST_CASE("a binding of null hides the outer bindings") {
  VirtualTest test;
  const Key<const char*> key;
  const Context outer = with_value<const char*>(test.background(), key, "outer");
  const Context inner = with_value<const char*>(outer, key, nullptr);
  REQUIRE(inner.value(key) != nullptr);
  CHECK(*inner.value(key) == nullptr);
}

TEST_CASE("#46 values are found after cancellation") {
  VirtualTest test;
  const Key<int> key;
  const auto [context, cancel] = with_cancel(with_value(test.background(), key, 1));
  cancel();
  CHECK(*context.value(key) == 1);
}

TEST_CASE("#47 a detached context keeps the values and nothing else") {
  VirtualTest test;
  const Key<int> key;
  const auto [parent, cancel] = with_timeout(with_value(test.background(), key, 1), 1h, P);
  const auto check = [&](const Context& detached) {
    CHECK_FALSE(detached.done());
    CHECK_FALSE(detached.err());
    CHECK_FALSE(detached.cause());
    CHECK_FALSE(detached.deadline());
    CHECK(*detached.value(key) == 1);
  };
  const Context before = without_cancel(parent);
  check(before);
  cancel(P);
  check(before);
  check(without_cancel(parent));
  test.runtime.advance(2h);
  check(before);
}

TEST_CASE("below a detached context a longer timeout and cancelling work afresh") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1s).first;
  const auto [child, cancel] = with_timeout(without_cancel(parent), 1h);
  CHECK(child.deadline() == TimePoint{} + 1h);
  test.runtime.advance(1s);
  CHECK(parent.done());
  CHECK_FALSE(child.done());
  cancel(E);
  CHECK(child.cause() == E);
}

TEST_CASE("#49 a callback runs once when its context is cancelled or times out") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1s);
  int calls = 0;
  Registration registration = after_func(context, [&] { ++calls; });
  test.runtime.run_until_idle();
  CHECK(calls == 0);
  SECTION("cancelled") {
    cancel();
    cancel();
  }
  SECTION("timed out") { test.runtime.advance(1s); }
  test.runtime.run_until_idle();
  CHECK(calls == 1);
  CHECK_FALSE(registration.stop());
  test.runtime.advance(1h);
  CHECK(calls == 1);
}

TEST_CASE("#50 a callback on a done context is scheduled, and it is too late to stop it") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel();
  bool called = false;
  Registration registration = after_func(context, [&] { called = true; });
  CHECK_FALSE(called);
  CHECK_FALSE(registration.stop());
  test.runtime.run_until_idle();
  CHECK(called);
}

TEST_CASE("#51 a stopped callback never runs") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  bool called = false;
  Registration registration = after_func(context, [&] { called = true; });
  CHECK(registration.stop());
  cancel();
  test.runtime.run_until_idle();
  CHECK_FALSE(called);
  CHECK_FALSE(registration.stop());
}

TEST_CASE("#52 cancel does not wait for what callbacks do") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  Event event(test.runtime);
  bool finished = false;
  const auto blocks = [&]() -> awaitable<void> {
    co_await event.wait();
    finished = true;
  };
  const Registration registration = after_func(context, [&] { test.runtime.start(blocks()); });
  cancel();
  test.runtime.run_until_idle();
  CHECK_FALSE(finished);
  event.set();
  test.runtime.run_until_idle();
  CHECK(finished);
}

TEST_CASE("#53 callbacks of one context are independent, and run in the order of registering") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  std::vector<int> calls;
  std::vector<Registration> registered;
  for (int i = 0; i < 5; ++i) {
    registered.push_back(after_func(context, [&calls, i] { calls.push_back(i); }));
  }
  CHECK(registrations(test) == 5);
  CHECK(registered[2].stop());
  cancel();
  test.runtime.run_until_idle();
  CHECK(calls == std::vector<int>{0, 1, 3, 4});
}

TEST_CASE("#54 a callback on a context that is never done never runs") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  for (const Context& context : {test.background(), without_cancel(parent)}) {
    Registration registration = after_func(context, [] { FAIL("called"); });
    test.runtime.advance(24h);
    CHECK(registration.stop());
    CHECK_FALSE(registration.stop());
  }
}

TEST_CASE("#55 a callback sees the final error and cause") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  Error err;
  Error cause;
  const Registration registration = after_func(context, [&, context] {
    err = context.err();
    cause = context.cause();
  });
  cancel(E);
  test.runtime.run_until_idle();
  CHECK(err == Canceled);
  CHECK(cause == E);
}

TEST_CASE("#57 a callback may cancel its context and derive from it") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  std::optional<Context> child;
  const Registration registration = after_func(context, [&, context, cancel] {
    cancel(E);
    child = with_timeout(context, 1h).first;
  });
  cancel(P);
  test.runtime.run_until_idle();
  CHECK(context.cause() == P);
  REQUIRE(child.has_value());
  CHECK(child->cause() == P);
}

TEST_CASE("#58 a cancelled child runs its own callbacks, not its parent's") {
  VirtualTest test;
  const auto [parent, cancel_parent] = with_cancel(test.background());
  const auto [child, cancel_child] = with_cancel(parent);
  bool parent_called = false;
  bool child_called = false;
  const Registration on_parent = after_func(parent, [&] { parent_called = true; });
  const Registration on_child = after_func(child, [&] { child_called = true; });
  cancel_child();
  test.runtime.run_until_idle();
  CHECK(child_called);
  CHECK_FALSE(parent_called);
}

// ---- lifetimes of callbacks

TEST_CASE("dropping a registration withdraws a callback that is due and has not started") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  bool called = false;
  {
    const Registration registration = after_func(context, [&] { called = true; });
    cancel();
  }
  CHECK(registrations(test) == 0);
  test.runtime.run_until_idle();
  CHECK_FALSE(called);
}

TEST_CASE("a callback that stop() came too late for runs, even when its registration is dropped") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  bool called = false;
  {
    Registration registration = after_func(context, [&] { called = true; });
    cancel();
    CHECK_FALSE(registration.stop());
  }
  test.runtime.run_until_idle();
  CHECK(called);
}

TEST_CASE("a registration keeps its context: the callback runs when the last handle is gone") {
  VirtualTest test;
  bool called = false;
  Registration registration;
  registration = after_func(with_timeout(test.background(), 1s).first, [&] { called = true; });
  CHECK(test.runtime.counts() == Runtime::Counts{0, 1, 1});
  SECTION("it fires") {
    test.runtime.advance(1s);
    CHECK(called);
  }
  SECTION("it is stopped, and lets go") {
    CHECK(registration.stop());
    CHECK(test.runtime.counts() == Runtime::Counts{});
  }
}

TEST_CASE("a callback may drop its own registration") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  std::optional<Registration> registration;
  const auto text = std::make_shared<std::string>("captured");
  std::string seen;
  registration = after_func(context, [&, text] {
    registration.reset();
    seen = *text;  // the captures are still there
  });
  cancel();
  test.runtime.run_until_idle();
  CHECK(seen == "captured");
  CHECK(text.use_count() == 1);
}

TEST_CASE("a callback may drop other registrations that are due") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  std::vector<Registration> registered;
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    registered.push_back(after_func(context, [&] {
      ++calls;
      registered.clear();
    }));
  }
  cancel();
  test.runtime.run_until_idle();
  CHECK(calls == 1);
}

TEST_CASE("callbacks that register callbacks let the loop turn in between") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  std::optional<Registration> registration;
  bool other_ran = false;
  int rounds = 0;
  const std::function<void()> again = [&, context] {
    if (++rounds < 1000 && !other_ran) registration = after_func(context, again);
  };
  registration = after_func(context, again);
  const auto other = [&]() -> awaitable<void> {
    other_ran = true;
    co_return;
  };
  cancel();
  test.runtime.start(other());
  test.runtime.run_until_idle();
  CHECK(rounds < 10);
}

TEST_CASE("moving a registration over another stops the other") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  int calls = 0;
  Registration registration = after_func(context, [&] { calls += 1; });
  registration = after_func(context, [&] { calls += 10; });
  CHECK(registrations(test) == 1);
  cancel();
  test.runtime.run_until_idle();
  CHECK(calls == 10);
}

// ---- stop tokens

TEST_CASE("#59 a stop request ends the context that its token was bridged into") {
  VirtualTest test;
  std::stop_source source;
  const Context context = with_stop_token(test.background(), source.get_token(), E);
  CHECK_FALSE(context.done());
  source.request_stop();
  CHECK(context.err() == Canceled);
  CHECK(context.cause() == E);
}

TEST_CASE("a context that is gone does not hear of a stop request") {
  VirtualTest test;
  std::stop_source source;
  {
    const auto [parent, cancel] = with_cancel(test.background());
    const Context context = with_stop_token(parent, source.get_token());
    CHECK(registrations(test) == 1);
  }
  CHECK(registrations(test) == 0);
  source.request_stop();
}

TEST_CASE("a token that is stopped already gives a context that is born done") {
  VirtualTest test;
  std::stop_source source;
  source.request_stop();
  CHECK(with_stop_token(test.background(), source.get_token(), E).cause() == E);
  CHECK_FALSE(with_stop_token(test.background(), std::stop_token(), E).done());
}

TEST_CASE("a context's stop token is asked to stop after the context is done, on the loop") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  const std::stop_token token = context.stop_token();
  CHECK(token == context.stop_token());
  cancel();
  CHECK_FALSE(token.stop_requested());
  test.runtime.run_until_idle();
  CHECK(token.stop_requested());
}

TEST_CASE("a done context's stop token is asked to stop too, though the context is gone") {
  VirtualTest test;
  std::stop_token before;
  std::stop_token after;
  {
    const auto [context, cancel] = with_cancel(test.background());
    before = context.stop_token();
    cancel();
    after = with_cancel(context).first.stop_token();
  }
  test.runtime.run_until_idle();
  CHECK(before.stop_requested());
  CHECK(after.stop_requested());
}

}  // namespace
}  // namespace errand::test
