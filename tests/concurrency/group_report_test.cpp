// SPDX-License-Identifier: Apache-2.0
//
// What a group tells when it has ended, and what ends it.
#include <stdexcept>
#include <string>
#include <vector>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error E = Error::text("E");

TEST_CASE("#89 report all names the failures in the order of starting") {
  VirtualTest test;
  const Error E1 = Error::text("E1");
  const Error E3 = Error::text("E3");
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.on_failure = OnFailure::keep_going;
    options.report = Report::all;
    Group group(context, options);
    group.go("a", ends(3ms, E1));
    group.go("b", ends(2ms));
    group.go("c", ends(4ms, E3));
    const Error error = co_await group.wait();
    REQUIRE(group.failures().size() == 2);
    CHECK(group.failures()[0].name == "a");
    CHECK(group.failures()[0].index == 0);
    CHECK(group.failures()[1].name == "c");
    CHECK(group.failures()[1].index == 2);
    co_return error;
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.message() == "[a: E1, c: E3]");
  CHECK(error.is(E1));
  CHECK(error.is(E3));
}

TEST_CASE("report all keeps the order of starting when the ends come the other way round") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.on_failure = OnFailure::keep_going;
    options.report = Report::all;
    Group group(context, options);
    group.go("a", ends(3ms, E));
    group.go("b", ends(2ms, E));
    group.go("c", ends(1ms, E));
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).message() == "[a: E, b: E, c: E]");
}

TEST_CASE("#90 report all leaves out the cancellations that only echo a failure") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.report = Report::all;
    Group group(context, options);
    group.go("a", until_canceled());
    group.go("b", ends(1ms, E));
    const auto plainly = [](Context c) -> awaitable<Error> {
      co_await c.wait_done();
      co_return Canceled;
    };
    group.go("c", plainly);
    const Error error = co_await group.wait();
    CHECK(group.failures().size() == 3);
    co_return error;
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.errors().size() == 1);
  CHECK(error.message() == "b: E");
}

TEST_CASE("#91 report all keeps the cancellations when nothing else failed") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    const Context parent = with_timeout(context, 1s, P).first;
    GroupOptions options;
    options.report = Report::all;
    Group group(parent, options);
    group.go("a", until_canceled());
    group.go("b", until_canceled());
    co_return co_await group.wait();
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.is(DeadlineExceeded));
  CHECK(error.is(P));
  CHECK(error.errors().size() == 2);
}

TEST_CASE("a task's own timeout is a failure, not an echo") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.report = Report::all;
    Group group(context, options);
    const auto times_out = [](Context c) -> awaitable<Error> {
      co_return co_await with_timeout(c, 1s).first.sleep(1h);
    };
    group.go("slow", times_out);
    group.go("sibling", until_canceled());
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).message() == "slow: context deadline exceeded");
  CHECK(test.elapsed() == 1s);  // the sibling was cancelled
}

TEST_CASE("#94 the error comes after the clean-up that others do on a detached context") {
  VirtualTest test;
  bool cleaned = false;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    const auto cleans = [&](Context c) -> awaitable<Error> {
      const Error error = co_await c.sleep(1h);
      CHECK_FALSE(co_await without_cancel(c).sleep(100ms));
      cleaned = true;
      co_return error;
    };
    group.go("cleans", cleans);
    const auto throws = [](Context c) -> awaitable<Error> {
      co_await c.sleep(1ms);
      throw std::runtime_error("X");
    };
    group.go("throws", throws);
    const Error error = co_await group.wait();
    CHECK(cleaned);
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "throws: X");
  CHECK(test.elapsed() == 101ms);
}

TEST_CASE("#101 a group's timeout counts from its opening") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.timeout = 1s;
    Group group(context, options);
    co_await context.sleep(900ms);
    group.go("late", until_canceled());
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).is(DeadlineExceeded));
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("#102 a rule ends the group, and every task has a state in the order of starting") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.on_failure = OnFailure::keep_going;
    options.keep_outcomes = true;
    options.stop_when = [](const Progress& progress) { return progress.failed == 2; };
    Group group(context, options);
    group.go("a", ends(2ms, E));
    group.go("b", until_canceled());
    group.go("c", ends(1ms, E));
    group.go("d", ends(1ms));
    group.go("e", until_canceled());
    const Error error = co_await group.wait();
    std::vector<std::string> states;
    for (const Outcome& outcome : group.outcomes()) {
      states.push_back(outcome.name + " " + std::string(to_string(outcome.state)));
    }
    const std::vector<std::string> expected = {"a failed", "b canceled", "c failed", "d succeeded",
                                               "e canceled"};
    CHECK(states == expected);
    CHECK(group.context().cause() == Stopped);
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "c: E");
  CHECK(test.elapsed() == 2ms);
}

}  // namespace
}  // namespace errand::test
