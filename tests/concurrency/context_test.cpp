// SPDX-License-Identifier: Apache-2.0
//
// Roots, cancelling, the tree, deadlines. Causes, values and threads have files of their own.
#include "errand/concurrency/context.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error S = Error::text("S");

std::size_t registrations(const VirtualTest& test) { return test.runtime.counts().registrations; }

void check_live(const Context& context) {
  CHECK_FALSE(context.done());
  CHECK(context.err() == Error());
  CHECK(context.cause() == Error());
  CHECK(context.done_error() == Error());
}

void check_done(const Context& context, const Error& err, const Error& cause) {
  CHECK(context.done());
  CHECK(context.err() == err);
  CHECK(context.cause() == cause);
}

TEST_CASE("#1 a background context is never done and holds nothing") {
  VirtualTest test;
  const Key<int> key;
  const Context context = test.background();
  check_live(context);
  test.runtime.advance(24h * 365);
  check_live(context);
  CHECK_FALSE(context.deadline());
  CHECK(context.value(key) == nullptr);
  CHECK(context.name() == "context.Background");
}

TEST_CASE("#2 a TODO context differs from background in its name only") {
  VirtualTest test;
  const Key<int> key;
  const Context context = Context::todo(test.runtime);
  test.runtime.advance(24h);
  check_live(context);
  CHECK_FALSE(context.deadline());
  CHECK(context.value(key) == nullptr);
  CHECK(context.name() == "context.TODO");
  CHECK(with_cancel(context).first.name() == "context");
}

TEST_CASE("#3 all below a cancelled context are done when cancel returns") {
  VirtualTest test;
  const Key<int> key;
  const auto [c1, cancel1] = with_cancel(test.background());
  const Context v = with_value(c1, key, 1);
  const auto [c2, cancel2] = with_cancel(v);
  for (const Context& context : {c1, v, c2}) check_live(context);
  cancel1();
  for (const Context& context : {c1, v, c2}) check_done(context, Canceled, Canceled);
}

TEST_CASE("#4 cancelling again changes nothing") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  cancel(P);
  const CancelFn copy = cancel;
  cancel();
  copy(S);
  check_done(context, Canceled, P);
}

TEST_CASE("#5 a cancelled parent ends its children and forgets them") {
  VirtualTest test;
  const Key<int> key;
  const auto [parent, cancel] = with_cancel(test.background());
  const auto [child, cancel_child] = with_cancel(parent);
  const Context value = with_value(parent, key, 1);
  const auto [timed, cancel_timed] = with_timeout(value, 1h);
  CHECK(test.runtime.counts() == Runtime::Counts{0, 1, 3});
  cancel();
  for (const Context& context : {child, value, timed}) check_done(context, Canceled, Canceled);
  CHECK(test.runtime.counts() == Runtime::Counts{});
  check_done(with_value(parent, key, 2), Canceled, Canceled);
  CHECK(test.runtime.counts() == Runtime::Counts{});
}

TEST_CASE("#6 a cancelled child leaves its parent alone, and the parent forgets it") {
  VirtualTest test;
  const auto [parent, cancel_parent] = with_cancel(test.background());
  const auto [child, cancel] = with_cancel(parent);
  CHECK(registrations(test) == 1);
  cancel();
  check_done(child, Canceled, Canceled);
  check_live(parent);
  CHECK(registrations(test) == 0);
}

TEST_CASE("#7 a child of a cancelled parent is born done, with the parent's cause") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  cancel(P);
  check_done(with_cancel(parent).first, Canceled, P);
  check_done(with_timeout(parent, 1h).first, Canceled, P);
  CHECK(test.runtime.counts() == Runtime::Counts{});
}

TEST_CASE("a past deadline under a cancelled parent is Canceled, and still reported") {
  VirtualTest test;
  test.runtime.advance(10s);
  const auto [parent, cancel] = with_cancel(test.background());
  cancel(P);
  const Context child = with_deadline(parent, TimePoint{} + 5s, S).first;
  check_done(child, Canceled, P);
  CHECK(child.deadline() == TimePoint{} + 5s);
}

// The innermost of 40 layers of each kind of context, in an order that depends on the seed.
struct Layers {
  Layers(VirtualTest& test, unsigned seed, Duration shortest) : top(test.background()) {
    std::mt19937 random(seed);
    for (int i = 0; i < 40; ++i) {
      const unsigned kind = i < 3 ? static_cast<unsigned>(i) : random() % 3;
      if (kind == 0) {
        keys.push_back(std::make_unique<Key<int>>());
        top = with_value(top, *keys.back(), i);
        values.push_back(i);
      } else {
        const Duration timeout = shortest + 1ms * static_cast<int>(random() % 100);
        auto [context, cancel] = kind == 1 ? with_cancel(top) : with_timeout(top, timeout);
        top = context;
        if (kind == 1) cancels.push_back(cancel);
      }
    }
  }
  bool all_found() const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const int* value = top.value(*keys[i]);
      found += value && *value == values[i];
    }
    return found == keys.size();
  }
  Context top;
  std::vector<std::unique_ptr<Key<int>>> keys;
  std::vector<int> values;
  std::vector<CancelFn> cancels;
};

TEST_CASE("#11 cancelling any layer ends the innermost context and leaves every value") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    VirtualTest test;
    const Layers layers(test, seed, 1h);
    CHECK(layers.all_found());
    check_live(layers.top);
    layers.cancels[seed % layers.cancels.size()]();
    check_done(layers.top, Canceled, Canceled);
    CHECK(layers.all_found());
  }
}

TEST_CASE("#12 the shortest timeout of any layer ends the innermost context") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    VirtualTest test;
    const Layers layers(test, seed, 10ms);
    test.runtime.advance(9ms);
    check_live(layers.top);
    test.runtime.advance(100ms);
    check_done(layers.top, DeadlineExceeded, DeadlineExceeded);
    CHECK(layers.all_found());
  }
}

TEST_CASE("#13 a parent forgets children and callbacks as they end") {
  VirtualTest test;
  const auto [parent, cancel_parent] = with_cancel(test.background());
  for (const bool timed : {false, true}) {
    const auto [child, cancel] = timed ? with_timeout(parent, 60min) : with_cancel(parent);
    CHECK(registrations(test) == 1);
    cancel();
    CHECK(test.runtime.counts() == Runtime::Counts{});
  }
  Registration registration = after_func(parent, [] {});
  CHECK(registrations(test) == 1);
  CHECK(registration.stop());
  CHECK(registrations(test) == 0);
}

TEST_CASE("a parent forgets a child whose last handle is gone") {
  VirtualTest test;
  const auto [parent, cancel_parent] = with_cancel(test.background());
  {
    const Context child = with_timeout(parent, 60min).first;
    CHECK(test.runtime.counts() == Runtime::Counts{0, 1, 1});
  }
  CHECK(test.runtime.counts() == Runtime::Counts{});
}

TEST_CASE("#14 a context without a parent and a value without a key cannot be written") {
  STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Context>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Context, std::nullptr_t>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::nullptr_t, const Key<int>&>);
}

TEST_CASE("a chain of 100,000 contexts is cancelled and destroyed without recursion") {
  VirtualTest test;
  const auto [root, cancel] = with_cancel(test.background());
  std::optional<Context> last = root;
  for (int i = 0; i < 100'000; ++i) last = with_cancel(*last).first;
  CHECK(registrations(test) == 100'000);
  cancel(P);
  CHECK(last->cause() == P);
  CHECK(registrations(test) == 0);
  last.reset();
}

TEST_CASE("a live chain of 100,000 contexts is destroyed without recursion") {
  VirtualTest test;
  Context last = test.background();
  for (int i = 0; i < 100'000; ++i) last = with_timeout(last, 1h).first;
  last = test.background();
  CHECK(test.runtime.counts() == Runtime::Counts{});
}

TEST_CASE("10,000 descendants are done when cancel returns") {
  VirtualTest test;
  const auto [root, cancel] = with_cancel(test.background());
  std::vector<Context> all;
  for (int i = 0; i < 100; ++i) {
    const Context branch = with_cancel(root).first;
    all.push_back(branch);
    for (int j = 0; j < 99; ++j) all.push_back(with_timeout(branch, 1h).first);
  }
  cancel();
  CHECK(std::all_of(all.begin(), all.end(), [](const Context& c) { return c.done(); }));
  CHECK(test.runtime.counts() == Runtime::Counts{});
}

// ---- deadlines

TEST_CASE("#16 a context is done at its deadline, not before") {
  VirtualTest test;
  const auto [context, cancel] = with_deadline(test.background(), TimePoint{} + 1s);
  test.runtime.advance(1s - 1ns);
  check_live(context);
  test.runtime.advance(1ns);
  check_done(context, DeadlineExceeded, DeadlineExceeded);
  CHECK(context.err().message() == "context deadline exceeded");
  CHECK(context.err().timeout());
  CHECK_FALSE(context.err().is(Canceled));
}

TEST_CASE("#17 a context is born done when its deadline is past or now") {
  VirtualTest test;
  test.runtime.advance(10s);
  for (const Duration at : {5s, 10s}) {
    const auto [context, cancel] = with_deadline(test.background(), TimePoint{} + at);
    check_done(context, DeadlineExceeded, DeadlineExceeded);
    CHECK(context.deadline() == TimePoint{} + at);
  }
}

TEST_CASE("#18 a timeout of zero or less is over at once, and cancelling changes nothing") {
  VirtualTest test;
  test.runtime.advance(10s);
  for (const Duration timeout : {Duration(0s), Duration(-1s), Duration::min() / 2}) {
    const auto [context, cancel] = with_timeout(test.background(), timeout);
    cancel(P);
    check_done(context, DeadlineExceeded, DeadlineExceeded);
  }
}

TEST_CASE("#20 a child's deadline is at most its parent's") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1min).first;
  const Context child = with_timeout(parent, 1h).first;
  CHECK(child.deadline() == TimePoint{} + 1min);
  CHECK(test.runtime.counts().timers == 1);
  test.runtime.advance(1min - 1ns);
  check_live(child);
  test.runtime.advance(1ns);
  check_done(child, DeadlineExceeded, DeadlineExceeded);
}

TEST_CASE("a child whose parent's deadline comes first drops its own cause") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1min, P).first;
  const Context child = with_timeout(parent, 1h, S).first;
  test.runtime.advance(2h);
  check_done(child, DeadlineExceeded, P);
}

TEST_CASE("of two equal deadlines the parent's goes first") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1min, P).first;
  const Context child = with_timeout(parent, 1min, S).first;
  test.runtime.advance(1min);
  check_done(parent, DeadlineExceeded, P);
  check_done(child, DeadlineExceeded, P);
}

TEST_CASE("work that is due in the instant of a deadline goes before it") {
  VirtualTest test;
  const Context context = with_timeout(test.background(), 1s).first;
  bool was_done = true;
  Timer work(test.runtime, [&] { was_done = context.done(); });
  work.set_after(1s);
  test.runtime.advance(1s);
  CHECK_FALSE(was_done);
  CHECK(context.done());
}

TEST_CASE("#22 a child's timer does not touch its parent") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1h).first;
  const Context child = with_timeout(parent, 10ms).first;
  test.runtime.advance(10ms);
  check_done(child, DeadlineExceeded, DeadlineExceeded);
  check_live(parent);
  CHECK(child.deadline() == TimePoint{} + 10ms);
  CHECK(parent.deadline() == TimePoint{} + 1h);
}

TEST_CASE("#23 cancelling before the deadline removes the timer") {
  VirtualTest test;
  const auto [context, cancel] = with_timeout(test.background(), 1h);
  cancel();
  check_done(context, Canceled, Canceled);
  CHECK(context.deadline() == TimePoint{} + 1h);
  CHECK(test.runtime.counts().timers == 0);
  test.runtime.advance(2h);
  check_done(context, Canceled, Canceled);
}

TEST_CASE("#24 a deadline that passes after the parent was cancelled changes nothing") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  const Context child = with_timeout(parent, 15ms).first;
  test.runtime.advance(5ms);
  cancel();
  test.runtime.advance(20ms);
  check_done(child, Canceled, Canceled);
}

TEST_CASE("#25 a child of a context that timed out is born done with its error and cause") {
  VirtualTest test;
  const Context parent = with_timeout(test.background(), 1s, S).first;
  test.runtime.advance(1s);
  check_done(with_timeout(parent, 1h).first, DeadlineExceeded, S);
  check_done(with_cancel(parent).first, DeadlineExceeded, S);
}

TEST_CASE("a timeout longer than time itself never ends") {
  VirtualTest test;
  test.runtime.advance(1s);
  const Context context = with_timeout(test.background(), Duration::max()).first;
  test.runtime.advance(24h * 36'500);
  check_live(context);
}

}  // namespace
}  // namespace errand::test
