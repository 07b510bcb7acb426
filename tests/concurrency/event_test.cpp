// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/event.h"

#include <string>
#include <vector>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");

TEST_CASE("an event resumes all that wait, in the order they came, and later ones at once") {
  VirtualTest test;
  std::vector<int> order;
  const auto main = [&](Context context) -> awaitable<Error> {
    Event event(test.runtime);
    Group group(context);
    for (int i = 0; i < 3; ++i) {
      const auto child = [&, i](Context) -> awaitable<Error> {
        co_await event.wait();
        order.push_back(i);
        co_return Error();
      };
      group.go("", child);
    }
    co_await context.sleep(1s);
    CHECK_FALSE(event.is_set());
    event.set();
    event.set();
    CHECK(event.is_set());
    CHECK(order.empty());  // not inside set()
    co_await group.wait();
    co_await event.wait();
    co_return co_await event.wait(context);
  };
  CHECK_FALSE(test.run(main(test.background())));
  CHECK(order == std::vector<int>{0, 1, 2});
}

TEST_CASE("a wait that its context ends leaves the event to the others") {
  VirtualTest test;
  const auto main = [&](Context context) -> awaitable<Error> {
    Event event(test.runtime);
    Group group(context);
    const auto waits = [&](Context c) -> awaitable<Error> { co_return co_await event.wait(c); };
    const Group::Handle stays = group.go("", waits);
    CHECK((co_await event.wait(with_timeout(context, 1s, P).first)).is(P));
    CHECK_FALSE(stays.ended());
    event.set();
    co_return co_await group.wait();
  };
  CHECK_FALSE(test.run(main(test.background())));
}

TEST_CASE("an event set in the turn that cancelled the waiter's context counts as set") {
  VirtualTest test;
  const auto [context, cancel] = with_cancel(test.background());
  Event event(test.runtime);
  Error error = P;
  const auto main = [&](Context c) -> awaitable<void> { error = co_await event.wait(c); };
  test.runtime.start(main(context));
  test.runtime.run_until_idle();
  cancel();
  event.set();
  test.runtime.run_until_idle();
  CHECK(error == Error());
}

TEST_CASE("waking twice is waking once, and waking first is not lost") {
  VirtualTest test;
  std::vector<std::string> order;
  Parking parking(test.runtime);
  const auto main = [&]() -> awaitable<void> {
    co_await parking.park();
    order.push_back("first");
    co_await parking.park();
    order.push_back("second");
  };
  SECTION("woken while parked") {
    test.runtime.start(main());
    test.runtime.run_until_idle();
    CHECK(order.empty());
    parking.wake();
    parking.wake();
  }
  SECTION("woken before") {
    parking.wake();
    parking.wake();
    test.runtime.start(main());
  }
  test.runtime.run_until_idle();
  CHECK(order == std::vector<std::string>{"first"});
  parking.wake();
  test.runtime.run_until_idle();
  CHECK(order.size() == 2);
}

}  // namespace
}  // namespace errand::test
