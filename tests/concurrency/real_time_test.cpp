// SPDX-License-Identifier: Apache-2.0
//
// The waiting that the other tests do on a virtual clock, once on the real one: that it ends, and
// with what. How long it takes is nobody's business here.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "errand/concurrency/hedge.h"
#include "errand/concurrency/pipeline.h"
#include "errand/concurrency/rate_limiter.h"
#include "errand/concurrency/retry.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");

// Runs `main` on a loop of its own and checks that nothing is left.
void run_in_real_time(std::function<awaitable<void>(Context)> main) {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  const AliveReport alive([&] { return runtime.describe(); });
  std::exception_ptr thrown;
  bool ended = false;
  asio::co_spawn(loop, main(Context::background(runtime)), [&](std::exception_ptr exception) {
    thrown = std::move(exception);
    ended = true;
  });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
  CHECK(ended);
  CHECK(runtime.counts() == Runtime::Counts());
}

TEST_CASE("hedges start and win in real time") {
  run_in_real_time([](Context ctx) -> awaitable<void> {
    HedgeOptions<int> options;
    options.max_attempts = 3;
    options.delay = 1ms;
    auto attempt = [](Context c, int index) -> awaitable<Result<int>> {
      if (index == 0) co_await c.wait_done();
      if (index == 1) co_return std::unexpected(E);
      co_return index;
    };
    CHECK((co_await hedge(ctx, options, attempt)) == 2);
  });
}

TEST_CASE("retries wait and stop at the deadline in real time") {
  run_in_real_time([](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1h);
    RetryOptions options;
    options.backoff.initial = 1ms;
    auto third_time = [](Context, int index) -> awaitable<Error> {
      co_return index < 2 ? E : Error();
    };
    CHECK_FALSE(co_await retry(limited, options, third_time));
    options.backoff.initial = options.backoff.max = 2h;
    auto never = [](Context, int) -> awaitable<Error> { co_return E; };
    CHECK((co_await retry(limited, options, never)).is(DeadlineExceeded));
  });
}

TEST_CASE("rates and channels work in real time") {
  run_in_real_time([](Context ctx) -> awaitable<void> {
    RateLimiter limiter(ctx.runtime(), 1000, 1);
    Channel<int> channel(0);
    int sum = 0;
    auto source = [&](Context c) -> awaitable<Error> {
      for (int i = 1; i <= 4; ++i) {
        if (Error error = co_await limiter.wait(c)) co_return error;
        if (Error error = co_await channel.send(c, i)) co_return error;
      }
      channel.close();
      co_return Error();
    };
    auto sink = [&](Context c) -> awaitable<Error> {
      while (true) {
        Result<std::optional<int>> value = co_await channel.recv(c);
        if (!value) co_return value.error();
        if (!*value) co_return Error();
        sum += **value;
      }
    };
    const ErrorFns stages = {source, sink};
    CHECK_FALSE(co_await pipeline(ctx, stages));
    CHECK(sum == 10);
  });
}

TEST_CASE("time that a stopped program has skipped has not passed") {
  run_in_real_time([](Context ctx) -> awaitable<void> {
    Runtime& runtime = ctx.runtime();
    const TimePoint before = runtime.now();
    runtime.skip(1h);
    CHECK(runtime.now() < before - 59min);
    co_return;
  });
}

TEST_CASE("a timer that is armed goes by the time that is left after a skip") {
  run_in_real_time([](Context ctx) -> awaitable<void> {
    Runtime& runtime = ctx.runtime();
    Parking parking(runtime);
    bool far_fired = false;
    Timer far(runtime, [&] { far_fired = true; });
    Timer near(runtime, [&] { parking.wake(); });
    far.set_after(2h);
    near.set_after(1h);
    runtime.skip(-1h);  // as if an hour had passed at once
    co_await parking.park();
    CHECK_FALSE(far_fired);
    runtime.skip(2h);
    near.set_after(1ms);  // the earlier one is due in three hours
    co_await parking.park();
    CHECK_FALSE(far_fired);
  });
}

}  // namespace
}  // namespace errand::test
