// SPDX-License-Identifier: Apache-2.0
//
// How many children at once, the line for a slot, what a group tells afterwards.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error E = Error::text("E");

GroupOptions limited(std::optional<std::size_t> limit,
                     OnFailure on_failure = OnFailure::keep_going) {
  GroupOptions options;
  options.limit = limit;
  options.on_failure = on_failure;
  return options;
}

// Counts how many tasks are active at once.
struct Gauge {
  auto task(Duration time) {
    return [this, time](Context context) -> awaitable<Error> {
      most = std::max(most, ++active);
      co_await context.sleep(time);
      --active;
      ++ran;
      co_return Error();
    };
  }
  int active = 0;
  int most = 0;
  int ran = 0;
};

TEST_CASE("#72 never more tasks are active than the limit") {
  VirtualTest test;
  Gauge gauge;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(10));
    for (int i = 0; i < 1000; ++i) group.go("", gauge.task(1ms * (i % 7 + 1)));
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(gauge.most == 10);
  CHECK(gauge.ran == 1000);
}

TEST_CASE("#73 try_go at the limit is false and leaves the function alone") {
  VirtualTest test;
  Gauge gauge;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(42));
    for (int i = 0; i < 42; ++i) CHECK(group.try_go("", gauge.task(1ms)));
    const auto captured = std::make_shared<bool>(false);
    auto function = [captured](Context) -> awaitable<Error> {
      *captured = true;
      co_return Error();
    };
    CHECK_FALSE(group.try_go("", std::move(function)));
    CHECK(captured.use_count() == 2);  // not moved from
    co_await context.sleep(2ms);
    CHECK_FALSE(*captured);
    CHECK(group.try_go("", std::move(function)));
    const Error error = co_await group.wait();
    CHECK(*captured);
    co_return error;
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(gauge.most == 42);
}

TEST_CASE("try_go does not overtake those in the line, even while a slot changes hands") {
  VirtualTest test;
  bool overtook = true;
  const auto main = [&](Context context) -> awaitable<Error> {
    std::optional<Group> group;
    GroupOptions options = limited(1);
    options.stop_when = [&](const Progress& progress) {
      if (progress.succeeded == 1) overtook = group->try_go("", ends(0s));
      return false;
    };
    group.emplace(context, options);
    group->go("a", ends(1ms));
    group->go("b", ends(1ms));
    co_return co_await group->wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK_FALSE(overtook);
}

TEST_CASE("#74 a limit of 0 refuses every task at once, and wait returns") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context, limited(0));
    const auto never = [](Context) -> awaitable<Error> { throw std::logic_error("ran"); };
    CHECK_FALSE(group.try_go("", never));
    const Group::Handle handle = group.go("", never);
    CHECK(handle.ended());
    CHECK(handle.error() == LimitIsZero);
    CHECK(co_await group.go_wait("", never) == LimitIsZero);
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("#75 without a limit all tasks are active together") {
  VirtualTest test;
  Gauge gauge;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    for (int i = 0; i < 1000; ++i) group.go("", gauge.task(1ms));
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(gauge.most == 1000);
}

TEST_CASE("#76 the limit cannot change while tasks are active, and the error counts them") {
  VirtualTest test;
  Gauge gauge;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(2));
    for (int i = 0; i < 3; ++i) group.go("", gauge.task(1ms));
    const Error refused = group.set_limit(5);
    CHECK(refused.message() == "the limit cannot change while 3 children of the group are alive");
    co_await context.sleep(3ms);
    CHECK_FALSE(group.set_limit(1));
    for (int i = 0; i < 3; ++i) group.go("", gauge.task(1ms));
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(gauge.most == 2);
  CHECK(test.elapsed() == 6ms);
}

TEST_CASE("#78 removing the limit is refused too while a task is active") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context, limited(2));
    group.go("", ends(1ms));
    CHECK(group.set_limit(std::nullopt));
    CHECK(group.set_limit(1));
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("#80 a task that a task starts in its own group is waited for") {
  VirtualTest test;
  const std::size_t limit = GENERATE(1U, 2U);  // a full group queues, and does not deadlock
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(limit));
    const auto starts = [&](Context c) -> awaitable<Error> {
      group.go("inner", ends(1ms, E));
      co_return co_await c.sleep(5ms);
    };
    group.go("outer", starts);
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).message() == "inner: E");
}

TEST_CASE("#81 a cancelled go_wait returns at once, and its function never runs") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options = limited(1);
    options.keep_outcomes = true;
    Group group(context, options);
    group.go("holds the slot", ends(10s));
    const auto cancels = [&](Context c) -> awaitable<Error> {
      co_await c.sleep(1s);
      group.cancel(P);
      co_return Error();
    };
    Group outer(context);
    outer.go("", cancels);
    const auto never = [](Context) -> awaitable<Error> { throw std::logic_error("ran"); };
    const Error error = co_await group.go_wait("never", never);
    CHECK(error.is(P));
    CHECK(error.is(Canceled));
    CHECK(test.elapsed() == 1s);
    co_await outer.wait();
    CHECK_FALSE(co_await group.wait());
    CHECK(group.outcomes()[1].state == ChildState::skipped);
    co_return error;
  };
  CHECK(test.run(main(test.background())).is(P));
  CHECK(test.elapsed() == 10s);
}

TEST_CASE("#82 queued tasks of a failed group start in order with a done context") {
  VirtualTest test;
  std::vector<std::string> started;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(1, OnFailure::cancel_siblings));
    group.go("fails", ends(1ms, E));
    for (const char* name : {"a", "b", "c"}) {
      const auto child = [&started, name](Context c) -> awaitable<Error> {
        started.push_back(name + std::string(c.done() ? " done" : " live"));
        co_return Error();
      };
      group.go(name, child);
    }
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).is(E));
  CHECK(started == std::vector<std::string>{"a done", "b done", "c done"});
}

TEST_CASE("#82 queued tasks of a failed group are skipped where that is asked for") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options = limited(1, OnFailure::cancel_siblings);
    options.skip_queued_on_cancel = true;
    options.keep_outcomes = true;
    Group group(context, options);
    group.go("fails", ends(1ms, E));
    const auto never = [](Context) -> awaitable<Error> { throw std::logic_error("ran"); };
    const Group::Handle handle = group.go("a", never);
    group.go("b", never);
    const Error error = co_await group.wait();
    CHECK(handle.state() == ChildState::skipped);
    CHECK(handle.error().is(E));
    const std::vector<Outcome> outcomes = group.outcomes();
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[0].state == ChildState::failed);
    CHECK(outcomes[1].state == ChildState::skipped);
    CHECK(outcomes[2].state == ChildState::skipped);
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "fails: E");
}

TEST_CASE("queued tasks are skipped at once when the group is cancelled, not at the next end") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options = limited(1);
    options.skip_queued_on_cancel = true;
    Group group(context, options);
    group.go("ignores cancellation", ends(10s));
    const Group::Handle queued = group.go("queued", ends(0s));
    group.cancel(P);
    CHECK((co_await queued.wait()).is(P));
    CHECK(test.elapsed() == 0s);
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).is(P));
}

// ---- go_wait

TEST_CASE("go_wait returns when its task has started, not when it ends") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(1));
    CHECK_FALSE(co_await group.go_wait("a", ends(10ms)));
    CHECK(test.elapsed() == 0s);
    CHECK_FALSE(co_await group.go_wait("b", ends(10ms)));
    CHECK(test.elapsed() == 10ms);
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(test.elapsed() == 20ms);
}

TEST_CASE("go and go_wait stand in one line") {
  VirtualTest test;
  std::vector<std::string> order;
  const auto note = [&](std::string name) {
    return [&order, name](Context c) -> awaitable<Error> {
      order.push_back(name);
      co_return co_await c.sleep(1ms);
    };
  };
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options = limited(1);
    options.keep_outcomes = true;
    Group group(context, options);
    Group callers(context);
    group.go("1", note("1"));
    group.go("2", note("2"));
    const auto waits = [&](std::string name) {
      return [&, name](Context) -> awaitable<Error> {
        co_return co_await group.go_wait(name, note(name));
      };
    };
    callers.go("", waits("3"));
    callers.go("", waits("4"));
    co_await context.sleep(0s);
    group.go("5", note("5"));
    callers.go("", waits("6"));
    co_await callers.wait();
    const Error error = co_await group.wait();
    std::string names;
    for (const Outcome& outcome : group.outcomes()) names += outcome.name;
    CHECK(names == "123456");
    co_return error;
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(order == std::vector<std::string>{"1", "2", "3", "4", "5", "6"});
}

TEST_CASE("a producer that goes on calling go() does not starve a go_wait()") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(1));
    Group callers(context);
    bool stop = false;
    const auto producer = [&](Context c) -> awaitable<Error> {
      for (int i = 0; i < 1000 && !stop; ++i) {
        group.go("", ends(2ms));
        co_await c.sleep(1ms);
      }
      co_return stop ? Error() : E;
    };
    const auto waits = [&](Context) -> awaitable<Error> {
      const Error error = co_await group.go_wait("", ends(1ms));
      stop = true;
      co_return error;
    };
    callers.go("producer", producer);
    callers.go("waits", waits);
    const Error error = co_await callers.wait();
    co_await group.wait();
    co_return error;
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("a group's wait lets go_wait calls of others leave the line first") {
  VirtualTest test;
  Error refused;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group callers(context);
    {
      Group group(context, limited(1, OnFailure::cancel_siblings));
      group.go("fails", ends(1ms, E));
      const auto waits = [&](Context) -> awaitable<Error> {
        refused = co_await group.go_wait("never", ends(1h));
        co_return Error();
      };
      callers.go("", waits);
      co_await context.sleep(0s);
      CHECK(test.runtime.counts().children == 3);
      CHECK((co_await group.wait()).message() == "fails: E");
      CHECK(refused.is(E));
    }
    co_return co_await callers.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("a go_wait that gave up leaves its place to those behind") {
  VirtualTest test;
  std::vector<std::string> ran;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context, limited(1));
    Group callers(context);
    group.go("first", ends(10ms));
    const auto waits = [&](Context) -> awaitable<Error> {
      co_await group.go_wait("gives up", ends(1h));
      co_return Error();
    };
    callers.go("", waits);
    co_await context.sleep(1ms);
    const auto child = [&](Context) -> awaitable<Error> {
      ran.push_back("behind");
      co_return Error();
    };
    group.go("behind", child);
    group.cancel(P);
    co_await callers.wait();
    CHECK(test.elapsed() == 1ms);
    CHECK(ran.empty());
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(ran == std::vector<std::string>{"behind"});
  CHECK(test.elapsed() == 10ms);
}

}  // namespace
}  // namespace errand::test
