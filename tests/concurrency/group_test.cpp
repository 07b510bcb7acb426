// SPDX-License-Identifier: Apache-2.0
//
// Results and cancelling. Files of their own: group_exception_test, group_limit_test,
// group_report_test.
#include "errand/concurrency/group.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/event.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error C = Error::text("C");
const Error E = Error::text("E");

GroupOptions keep_going() {
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  return options;
}

TEST_CASE("#60 a group without tasks ends without an error, and its context with it") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Context> {
    Group group(context);
    CHECK_FALSE(co_await group.wait());
    co_return group.context();
  };
  const Context after = test.run(main(test.background()));
  CHECK(after.err() == Canceled);
  CHECK(after.cause() == Canceled);
}

TEST_CASE("#61 the result is the first error, or none") {
  VirtualTest test;
  const auto result = [&](std::vector<Error> errors) {
    const auto main = [](Context context, std::vector<Error> all) -> awaitable<Error> {
      Group group(context);
      for (const Error& error : all) {
        const Group::Handle child = group.go("", ends(0s, error));
        co_await child.wait();
      }
      co_return co_await group.wait();
    };
    return test.run(main(test.background(), std::move(errors)));
  };
  CHECK(result({Error()}) == Error());
  CHECK(result({E}) == E);
  CHECK(result({E, Error()}) == E);
  CHECK(result({E, Error(), C}) == E);
}

TEST_CASE("#62 the first failure in time is the result, not the first that was started") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context, keep_going());
    group.go("a", ends(20ms, E));
    group.go("b", ends(5ms, C));
    co_return co_await group.wait();
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.is(C));
  CHECK_FALSE(error.is(E));
  CHECK(error.message() == "b: C");
  CHECK(test.elapsed() == 20ms);
}

TEST_CASE("#63 the first failure cancels the context with that error as cause") {
  VirtualTest test;
  // The failing task ends while others are ready to run: at once, or after it was suspended.
  const bool at_once = GENERATE(true, false);
  std::vector<Error> seen;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    Event go(test.runtime);
    const auto fails = [&](Context) -> awaitable<Error> {
      if (!at_once) co_await go.wait();
      co_return E;
    };
    const auto looks = [&](Context c) -> awaitable<Error> {
      if (!at_once) co_await go.wait();
      seen.push_back(c.err());
      seen.push_back(c.cause());
      co_return Error();
    };
    group.go("fails", fails);
    group.go("looks", looks);
    group.go("looks", looks);
    go.set();
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).is(E));
  CHECK(seen == std::vector<Error>{Canceled, E, Canceled, E});
}

TEST_CASE("#64 after success the context is done with Canceled as its cause") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Context> {
    Group group(context);
    group.go("a", ends(1ms));
    group.go("b", ends(2ms));
    CHECK_FALSE(co_await group.wait());
    co_return group.context();
  };
  CHECK(test.run(main(test.background())).cause() == Canceled);
}

TEST_CASE("#65 wait returns when the last task has ended, not when the first failed") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context);
    group.go("fails", ends(1ms, E));
    group.go("ignores cancellation", ends(50ms));
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).is(E));
  CHECK(test.elapsed() == 50ms);
}

TEST_CASE("#66 what cancelled siblings return does not hide the failure") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context);
    group.go("sibling", until_canceled());
    group.go("fails", ends(1ms, E));
    group.go("sibling", until_canceled());
    const Error error = co_await group.wait();
    CHECK(group.failures().size() == 3);
    CHECK(group.progress().failed == 1);
    CHECK(group.progress().canceled == 2);
    co_return error;
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.is(E));
  CHECK_FALSE(error.is(Canceled));
}

TEST_CASE("#67 keep-going leaves the context alive until all have ended") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context, keep_going());
    group.go("fails", ends(1ms, E));
    const auto looks = [](Context c) -> awaitable<Error> {
      co_await c.sleep(10ms);
      co_return c.done() ? C : Error();
    };
    const Group::Handle other = group.go("looks", looks);
    const Error error = co_await group.wait();
    CHECK(other.state() == ChildState::succeeded);
    CHECK(group.context().cause().is(E));
    co_return error;
  };
  CHECK(test.run(main(test.background())).is(E));
}

TEST_CASE("#68 under a cancelled parent tasks run and a group adds no error") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  cancel(P);
  Error seen;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    const auto looks = [&](Context c) -> awaitable<Error> {
      seen = c.cause();
      co_return Error();
    };
    group.go("looks", looks);
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(parent)));
  CHECK(seen == P);
}

TEST_CASE("#70 a task that returns its context's error says Canceled and why") {
  VirtualTest test;
  const auto [parent, cancel] = with_cancel(test.background());
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    group.go("task", until_canceled());
    const auto cancels = [&](Context c) -> awaitable<Error> {
      co_await c.sleep(1s);
      cancel(P);
      co_return Error();
    };
    group.go("cancels", cancels);
    co_return co_await group.wait();
  };
  const Error error = test.run(main(parent));
  CHECK(error.is(Canceled));
  CHECK(error.is(P));
  CHECK(error.message() == "task: context canceled: P");
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("#71 a task of a failed group starts with a done context and cannot replace the error") {
  VirtualTest test;
  bool born_done = false;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    group.go("holds the group open", ends(10ms));
    group.go("fails", ends(1ms, E));
    co_await context.sleep(5ms);
    const auto late = [&](Context c) -> awaitable<Error> {
      born_done = c.done();
      co_return C;
    };
    group.go("late", late);
    const Error error = co_await group.wait();
    CHECK(group.context().cause().is(E));
    CHECK(group.failures().size() == 2);
    co_return error;
  };
  const Error error = test.run(main(test.background()));
  CHECK(born_done);
  CHECK(error.is(E));
  CHECK_FALSE(error.is(C));
}

TEST_CASE("#83 a waited group refuses tasks, and gives the same result again") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<void> {
    Group group(context);
    group.go("fails", ends(1ms, E));
    const Error first = co_await group.wait();
    const Group::Handle late = group.go("late", [](Context) -> awaitable<Error> { std::abort(); });
    CHECK(late.ended());
    CHECK(late.state() == ChildState::skipped);
    CHECK(late.error() == GroupClosed);
    CHECK(co_await late.wait() == GroupClosed);
    CHECK_FALSE(group.try_go("late", ends(0s)));
    CHECK(co_await group.go_wait("late", ends(0s)) == GroupClosed);
    const Error second = co_await group.wait();
    CHECK(first.is(E));
    CHECK(second.is(E));
    CHECK(first.message() == second.message());
    CHECK(group.failures().size() == 1);
  };
  test.run(main(test.background()));
}

TEST_CASE("several coroutines may wait for one group") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<void> {
    Group inner(context);
    inner.go("fails", ends(1ms, E));
    GroupOptions options = keep_going();
    options.report = Report::all;
    Group outer(context, options);
    const auto waits = [&](Context) -> awaitable<Error> { co_return co_await inner.wait(); };
    outer.go("a", waits);
    outer.go("b", waits);
    co_await outer.wait();
    REQUIRE(outer.failures().size() == 2);
    for (const Failure& failure : outer.failures()) CHECK(failure.error.is(E));
  };
  test.run(main(test.background()));
}

TEST_CASE("a task started while wait is about to return is waited for") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    Event ended(test.runtime);
    const auto first = [&](Context) -> awaitable<Error> {
      ended.set();
      co_return Error();
    };
    Group outer(context);
    const auto adds = [&](Context) -> awaitable<Error> {
      co_await ended.wait();
      group.go("second", ends(5s, E));
      co_return Error();
    };
    outer.go("adds", adds);
    group.go("first", first);
    const Error error = co_await group.wait();
    co_await outer.wait();
    co_return error;
  };
  CHECK(test.run(main(test.background())).is(E));
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("a task starts on the loop's next turn, never inside go()") {
  VirtualTest test;
  std::vector<std::string> order;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    const auto coroutine = [&](Context) -> awaitable<Error> {
      order.push_back("coroutine");
      co_return Error();
    };
    const auto function = [&](Context c) {
      order.push_back("function");
      return coroutine(c);
    };
    group.go("", coroutine);
    group.go("", function);
    order.push_back("go returned");
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(order == std::vector<std::string>{"go returned", "coroutine", "function", "coroutine"});
}

struct Nest {
  Group& group;
  int left;
  awaitable<Error> operator()(Context) {
    if (left > 0) group.go("", Nest{group, left - 1});
    co_return Error();
  }
};

TEST_CASE("tasks that start tasks, 100,000 deep, are no recursion") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context);
    group.go("", Nest{group, 100'000});
    const Error error = co_await group.wait();
    CHECK(group.progress().succeeded == 100'001);
    co_return error;
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("a million tasks run in one group, and nothing of them stays") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.limit = 1000;
    Group group(context, options);
    for (int i = 0; i < 1'000'000; ++i) {
      const auto child = [](Context) -> awaitable<Error> { co_return Error(); };
      if (Error error = co_await group.go_wait("", child)) co_return error;
      if (i % 1000 == 0) CHECK(test.runtime.counts().children <= 1000);
    }
    const Error error = co_await group.wait();
    CHECK(group.progress().succeeded == 1'000'000);
    co_return error;
  };
  CHECK_FALSE(test.run(main(test.background())));
}

}  // namespace
}  // namespace errand::test
