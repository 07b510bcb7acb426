// SPDX-License-Identifier: Apache-2.0
//
// What the patterns cost when nothing goes wrong, and how fast values and permits change hands.
#include <asio/experimental/channel.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "errand/concurrency/channel.h"
#include "errand/concurrency/hedge.h"
#include "errand/concurrency/joiners.h"
#include "errand/concurrency/rate_limiter.h"
#include "errand/concurrency/retry.h"
#include "errand/concurrency/semaphore.h"
#include "errand/concurrency/single_flight.h"
#include "micro/on_loop.h"

namespace errand::bench {
namespace {

awaitable<Result<int>> answer(Context, int index) { co_return index; }

awaitable<void> plain_call(Bench bench) {
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await answer(bench.context, 0));
  }
}

awaitable<void> hedged_call(Bench bench) {
  HedgeOptions<int> options;
  options.delay = std::chrono::milliseconds(50);
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await hedge(bench.context, options, answer));
  }
}

awaitable<void> retried_call(Bench bench) {
  const RetryOptions options;
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await retry(bench.context, options, answer));
  }
}

awaitable<void> flown_call(Bench bench) {
  SingleFlight<int, int> flights;
  auto function = [](Context context) { return answer(std::move(context), 0); };
  while (bench.state.KeepRunning()) {
    auto outcome = co_await flights.run(bench.context, 1, function);
    benchmark::DoNotOptimize(outcome);
  }
}

awaitable<void> semaphore_free(Bench bench) {
  Semaphore semaphore(1);
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await semaphore.acquire(bench.context));
  }
}

awaitable<Error> take_turns(Context context, Semaphore& semaphore, std::int64_t turns) {
  for (std::int64_t i = 0; i < turns; ++i) {
    const Result<Permit> permit = co_await semaphore.acquire(context);
    co_await asio::post(context.runtime().executor(), asio::use_awaitable);  // the other one queues
  }
  co_return Error();
}

constexpr std::int64_t kTurns = 1000;

// Two coroutines and one permit: each turn is given to the one who waits.
awaitable<void> semaphore_handover(Bench bench) {
  while (bench.state.KeepRunningBatch(2 * kTurns)) {
    Semaphore semaphore(1);
    Group group(bench.context);
    for (int i = 0; i < 2; ++i) {
      group.go("", [&](Context c) { return take_turns(c, semaphore, kTurns); });
    }
    co_await group.wait();
  }
}

awaitable<Error> send_all(Context context, Channel<int>& channel) {
  for (int i = 0; i < kTurns; ++i) {
    if (Error unsent = co_await channel.send(context, i)) co_return unsent;
  }
  channel.close();
  co_return Error();
}

awaitable<Error> receive_all(Context context, Channel<int>& channel) {
  while (true) {
    const Result<std::optional<int>> value = co_await channel.recv(context);
    if (!value) co_return value.error();
    if (!*value) co_return Error();
    benchmark::DoNotOptimize(**value);
  }
}

awaitable<void> channel(Bench bench) {
  while (bench.state.KeepRunningBatch(kTurns)) {
    Channel<int> values(static_cast<std::size_t>(bench.state.range(0)));
    Group group(bench.context);
    group.go("", [&](Context c) { return send_all(c, values); });
    group.go("", [&](Context c) { return receive_all(c, values); });
    co_await group.wait();
  }
}

// The same with Asio's channel, which ends by an exception.
using AsioChannel = asio::experimental::channel<void(std::error_code, int)>;

awaitable<Error> asio_send_all(AsioChannel& channel) {
  for (int i = 0; i < kTurns; ++i) {
    co_await channel.async_send(std::error_code(), i, asio::use_awaitable);
  }
  co_return Error();
}

awaitable<Error> asio_receive_all(AsioChannel& channel) {
  for (int i = 0; i < kTurns; ++i) {
    benchmark::DoNotOptimize(co_await channel.async_receive(asio::use_awaitable));
  }
  co_return Error();
}

awaitable<void> asio_channel(Bench bench) {
  while (bench.state.KeepRunningBatch(kTurns)) {
    AsioChannel values(bench.runtime.executor(), static_cast<std::size_t>(bench.state.range(0)));
    Group group(bench.context);
    group.go("", [&](Context) { return asio_send_all(values); });
    group.go("", [&](Context) { return asio_receive_all(values); });
    co_await group.wait();
  }
}

awaitable<void> rate_limiter(Bench bench) {
  RateLimiter limiter(bench.runtime, RateLimiter::kInfinite, 1);
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await limiter.wait(bench.context));
  }
}

// Rows of scripts/bench-library; "ROW/bare" is the same without the library.
BENCHMARK(on_loop<hedged_call>)->Name("hedge, first attempt wins");
BENCHMARK(on_loop<plain_call>)->Name("hedge, first attempt wins/bare");
BENCHMARK(on_loop<retried_call>)->Name("retry, first attempt wins");
BENCHMARK(on_loop<plain_call>)->Name("retry, first attempt wins/bare");
BENCHMARK(on_loop<flown_call>)->Name("single flight, alone");
BENCHMARK(on_loop<plain_call>)->Name("single flight, alone/bare");
BENCHMARK(on_loop<semaphore_free>)->Name("semaphore, free");
BENCHMARK(on_loop<semaphore_handover>)->Name("semaphore, hand-over");
BENCHMARK(on_loop<channel>)->Name("channel, buffer of 64")->Arg(64);
BENCHMARK(on_loop<asio_channel>)->Name("channel, buffer of 64/bare")->Arg(64);
BENCHMARK(on_loop<channel>)->Name("channel, no buffer")->Arg(0);
BENCHMARK(on_loop<asio_channel>)->Name("channel, no buffer/bare")->Arg(0);
BENCHMARK(on_loop<rate_limiter>)->Name("rate limiter, no wait");

}  // namespace
}  // namespace errand::bench

BENCHMARK_MAIN();
