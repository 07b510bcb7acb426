// SPDX-License-Identifier: Apache-2.0
#include "errand/process/spawn_queue.h"

#include <cerrno>
#include <string>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

// A system that has room for some processes at a time.
struct System {
  VirtualTest t;
  SpawnQueue queue{t.runtime};
  int free = 0;
  int tries = 0;
  int refused = 0;
  std::string order;
  std::string notices;

  // Starts `name` as soon as there is room, notes it, and lets it run for `duration`.
  auto process(std::string name, Duration duration = 1ms, bool ends_by_itself = true) {
    return [=, this](Context ctx) -> awaitable<Error> {
      SpawnRetry turns(queue);
      while (++tries, free == 0) {
        const bool again = co_await turns.wait_to_retry(ctx, EMFILE, SpawnRetry::FailedAt::start);
        notices += turns.take_notice();
        if (!again || ctx.done()) {
          turns.finish();
          ++refused;
          co_return Error::text("no room for " + name);
        }
      }
      --free;
      order += name;
      if (ends_by_itself) queue.expect_exit();
      turns.finish();
      co_await without_cancel(ctx).sleep(duration);
      ++free;
      ends_by_itself ? queue.process_exited() : queue.wake_next();
      co_return Error();
    };
  }
  void run(auto main) { t.run(main(t.background())); }
};

GroupOptions keep_going() {
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  return options;
}

TEST_CASE("who finds no room starts as soon as a process has ended, in order of the first try") {
  System system;
  system.free = 2;
  system.run([&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    for (const char* name : {"a", "b", "c", "d", "e"}) group.go(name, system.process(name, 1h));
    CHECK_FALSE(co_await group.wait());
  });
  CHECK(system.order == "abcde");
  CHECK(system.t.elapsed() == 3h);
  CHECK(system.tries < 15);
  CHECK(system.notices ==
        "the limit of open files (ulimit -n) is reached: fewer tasks run at once than may");
}

TEST_CASE("without a process that is to end, patience has an end") {
  System system;
  system.run([&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    group.go("a", system.process("a"));
    const Error error = co_await group.wait();
    CHECK(error.message() == "a: no room for a");
  });
  CHECK(system.t.elapsed() == SpawnQueue::kRetryTimeout);
  CHECK(system.tries < 15);
}

TEST_CASE("a service's end is not waited for: it may be waiting for who waits") {
  System system;
  system.free = 1;
  system.run([&](Context ctx) -> awaitable<void> {
    Group group(ctx, keep_going());
    group.go("service", system.process("s", 1000h, false));
    for (const char* name : {"a", "b", "c"}) group.go(name, system.process(name));
    co_await ctx.sleep(2 * SpawnQueue::kRetryTimeout);
    CHECK(system.refused == 3);
    co_await group.wait();
  });
  CHECK(system.order == "s");
}

TEST_CASE("who waited for the last process that was to end watches its patience from then on") {
  System system;
  system.free = 2;
  system.run([&](Context ctx) -> awaitable<void> {
    Group group(ctx, keep_going());
    group.go("service", system.process("s", 1000h, false));
    group.go("last", [&](Context inner) -> awaitable<Error> {
      --system.free;
      system.queue.expect_exit();
      co_await inner.sleep(1h);
      system.queue.process_exited();  // and something else of the machine has taken its room
      co_return Error();
    });
    co_await ctx.sleep(1ms);
    for (const char* name : {"a", "b", "c"}) group.go(name, system.process(name));
    co_await ctx.sleep(1h);
    CHECK(system.refused == 0);
    co_await ctx.sleep(2 * SpawnQueue::kRetryTimeout);
    CHECK(system.refused == 3);
    co_await group.wait();
  });
  CHECK(system.order == "s");
}

// What it starts is gone at once, and another finds it so.
TEST_CASE("where execve finds no room, the ends of who tries give nobody new patience") {
  System system;
  system.run([&](Context ctx) -> awaitable<void> {
    const auto in_vain = [&](Context inner) -> awaitable<Error> {
      SpawnRetry turns(system.queue);
      for (;;) {
        ++system.tries;
        system.queue.expect_exit();
        turns.finish();
        co_await inner.sleep(1ms);
        system.queue.process_exited();
        const bool again = co_await turns.wait_to_retry(inner, ENOMEM, SpawnRetry::FailedAt::exec);
        if (!again) co_return Error::text("no room");
      }
    };
    Group group(ctx, keep_going());
    for (const char* name : {"a", "b", "c"}) group.go(name, in_vain);
    CHECK(co_await group.wait());
  });
  CHECK(system.t.elapsed() >= SpawnQueue::kRetryTimeout);
  CHECK(system.t.elapsed() < SpawnQueue::kRetryTimeout + 100ms);
  CHECK(system.tries < 45);
}

TEST_CASE("a service that ends makes room at once") {
  System system;
  system.free = 1;
  system.run([&](Context ctx) -> awaitable<void> {
    Group group(ctx);
    group.go("service", system.process("s", 3s, false));
    group.go("a", system.process("a"));
    CHECK_FALSE(co_await group.wait());
  });
  CHECK(system.order == "sa");
  CHECK(system.t.elapsed() == 3s + 1ms);
}

TEST_CASE("a wait for room ends with its context, and the room goes to the next") {
  System system;
  system.free = 1;
  system.run([&](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_cancel(ctx);
    Group group(ctx);
    Group canceled(limited);
    group.go("a", system.process("a", 1h));
    co_await ctx.sleep(1ms);
    canceled.go("b", system.process("b"));
    co_await ctx.sleep(1ms);
    group.go("c", system.process("c"));
    co_await ctx.sleep(1ms);
    cancel();
    CHECK(co_await canceled.wait());
    CHECK(system.t.elapsed() < 1h);
    CHECK_FALSE(co_await group.wait());
  });
  CHECK(system.order == "ac");
}

}  // namespace
}  // namespace errand::test
