// SPDX-License-Identifier: Apache-2.0
//
// Contexts that other threads cancel and read. Run under ThreadSanitizer too.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error P = Error::text("P");
const Error E = Error::text("E");

// Lets several threads go at once.
class Start {
 public:
  explicit Start(int threads) : missing_(threads) {}
  void arrive_and_wait() {
    missing_.fetch_sub(1);
    while (missing_.load() > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

TEST_CASE("#4 two threads may cancel one context at once", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [context, cancel] = with_cancel(test.background());
    Start start(2);
    std::jthread other([&, cancel] {
      start.arrive_and_wait();
      cancel(E);
    });
    start.arrive_and_wait();
    cancel(P);
    const Error first = context.cause();
    other.join();
    CHECK((first == P || first == E));
    CHECK(context.cause() == first);
  }
}

TEST_CASE("#8 a child made while its parent is being cancelled ends with the parent's cause",
          "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [parent, cancel] = with_cancel(test.background());
    Start start(2);
    std::jthread other([&, cancel] {
      start.arrive_and_wait();
      cancel(P);
    });
    start.arrive_and_wait();
    const Context child = with_cancel(parent).first;
    const Context timed = with_timeout(parent, 1h).first;
    other.join();
    CHECK(child.err() == Canceled);
    CHECK(child.cause() == P);
    CHECK(timed.cause() == P);
  }
}

TEST_CASE("#9 all contexts of a tree may be cancelled at once", "[threads]") {
  VirtualTest test;
  std::vector<Context> contexts = {with_cancel(test.background()).first};
  std::vector<CancelFn> cancels;
  for (std::size_t i = 0; i < 100; ++i) {
    for (int child = 0; child < 4; ++child) {
      auto [context, cancel] = with_cancel(contexts[i]);
      contexts.push_back(context);
      cancels.push_back(cancel);
    }
  }
  constexpr std::size_t kThreads = 8;
  Start start(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t, order = cancels]() mutable {
        std::shuffle(order.begin(), order.end(), std::mt19937(static_cast<unsigned>(t)));
        start.arrive_and_wait();
        for (const CancelFn& cancel : order) cancel();
      });
    }
  }
  CHECK(std::all_of(contexts.begin() + 1, contexts.end(),
                    [](const Context& c) { return c.err() == Canceled; }));
}

TEST_CASE("#10 a thread may cancel the child of a parent that is being cancelled", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [parent, cancel_parent] = with_cancel(test.background());
    const auto [child, cancel_child] = with_cancel(parent);
    std::jthread other([parent, cancel_child] {
      while (!parent.done()) std::this_thread::yield();
      cancel_child(E);
    });
    cancel_parent(P);
    other.join();
    CHECK(child.done());
  }
}

TEST_CASE("#15 a thread that sees an error sees a done context", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [context, cancel] = with_cancel(test.background());
    std::atomic<bool> done = false;
    std::jthread poller([&, context] {
      while (!context.err()) std::this_thread::yield();
      done = context.done();
    });
    cancel();
    poller.join();
    CHECK(done);
  }
}

TEST_CASE("#41 a thread that sees a cause sees the final one", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [context, cancel] = with_cancel(test.background());
    Error seen;
    std::jthread poller([&, context] {
      while (!seen) seen = context.cause();
    });
    cancel(E);
    poller.join();
    CHECK(seen == E);
  }
}

TEST_CASE("stopping a callback and cancelling its context at once: exactly one side wins",
          "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 200; ++round) {
    const auto [context, cancel] = with_cancel(test.background());
    bool called = false;
    Registration registration = after_func(context, [&] { called = true; });
    Start start(2);
    std::jthread other([&, cancel] {
      start.arrive_and_wait();
      cancel();
    });
    start.arrive_and_wait();
    const bool stopped = registration.stop();
    other.join();
    test.runtime.run_until_idle();
    CHECK(stopped != called);
  }
}

TEST_CASE("a wait is ended by a thread that cancels its context", "[threads]") {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  for (int round = 0; round < 20; ++round) {
    const auto [context, cancel] = with_cancel(Context::background(runtime));
    Event never(runtime);
    Error error;
    const auto main = [&](Context c) -> awaitable<void> { error = co_await never.wait(c); };
    asio::co_spawn(loop, main(context), asio::detached);
    std::jthread other([cancel] { cancel(P); });
    loop.restart();
    loop.run();
    CHECK(error.is(P));
  }
  CHECK(runtime.counts() == Runtime::Counts{});
}

TEST_CASE("a deadline and a thread that cancels: the context has one error for good", "[threads]") {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  for (int round = 0; round < 20; ++round) {
    const auto [context, cancel] = with_timeout(Context::background(runtime), 100us);
    Error seen;
    const auto main = [&](Context c) -> awaitable<void> {
      co_await c.wait_done();
      seen = c.err();
    };
    asio::co_spawn(loop, main(context), asio::detached);
    std::jthread other([cancel] { cancel(); });
    loop.restart();
    loop.run();
    other.join();
    CHECK((seen == Canceled || seen == DeadlineExceeded));
    CHECK(context.err() == seen);
  }
  CHECK(runtime.counts() == Runtime::Counts{});
}

TEST_CASE("the last handles of a chain may be dropped on several threads at once", "[threads]") {
  VirtualTest test;
  const Key<int> key;
  for (int round = 0; round < 50; ++round) {
    Context above = with_value(test.background(), key, round);
    for (int i = 0; i < 20; ++i) above = with_cancel(above).first;
    std::optional<Context> left = with_cancel(above).first;
    std::optional<Context> right = with_cancel(above).first;
    above = test.background();
    Start start(2);
    std::jthread other([&] {
      start.arrive_and_wait();
      const bool found = left->value(key) != nullptr;
      left.reset();
      if (!found) std::abort();
    });
    start.arrive_and_wait();
    CHECK(*right->value(key) == round);
    right.reset();
  }
}

TEST_CASE("a stop request of another thread ends a context, whoever is quicker", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    std::stop_source source;
    std::optional<Context> context = with_stop_token(test.background(), source.get_token(), E);
    Start start(2);
    std::jthread other([&] {
      start.arrive_and_wait();
      source.request_stop();
    });
    start.arrive_and_wait();
    const bool keep = round % 2 == 0;
    if (!keep) context.reset();
    other.join();
    if (keep) CHECK(context->cause() == E);
  }
}

TEST_CASE("a stop token taken while another thread cancels is asked to stop", "[threads]") {
  VirtualTest test;
  for (int round = 0; round < 100; ++round) {
    const auto [context, cancel] = with_cancel(test.background());
    Start start(2);
    std::jthread other([&, cancel] {
      start.arrive_and_wait();
      cancel();
    });
    start.arrive_and_wait();
    const std::stop_token token = context.stop_token();
    other.join();
    test.runtime.run_until_idle();
    CHECK(token.stop_requested());
  }
}

}  // namespace
}  // namespace errand::test
