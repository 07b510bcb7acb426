// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/retry.h"

#include <stdexcept>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");
const Error P = Error::text("P");

RetryOptions without_jitter(Duration initial, Duration max = 1h) {
  RetryOptions options;
  options.backoff.initial = initial;
  options.backoff.max = max;
  options.backoff.jitter = Jitter::none;
  return options;
}

// Attempts that end as listed, the last entry for ever; an empty error is a success with the index.
struct Script {
  std::vector<Error> ends;
  Duration each{};
  std::vector<Duration> started = {};

  awaitable<Result<int>> operator()(Context ctx, int index) {
    started.push_back(ctx.runtime().now() - TimePoint{});
    if (each > 0s) {
      if (Error stopped = co_await ctx.sleep(each)) co_return std::unexpected(stopped);
    }
    const Error end = ends[std::min<std::size_t>(static_cast<std::size_t>(index), ends.size() - 1)];
    if (end) co_return std::unexpected(end);
    co_return index;
  }
};

Result<int> run(VirtualTest& t, RetryOptions options, Script& script) {
  auto attempt = [&script](Context ctx, int index) { return script(std::move(ctx), index); };
  return t.run(retry(t.background(), std::move(options), attempt));
}

std::vector<Duration> sleeps(const Script& script) {
  std::vector<Duration> between;
  for (std::size_t i = 1; i < script.started.size(); ++i) {
    between.push_back(script.started[i] - script.started[i - 1]);
  }
  return between;
}

using Delays = std::vector<Duration>;

TEST_CASE("#162 after max_attempts the error matches retries exceeded and the last failure") {
  VirtualTest t;
  Script script{{E}};
  const Result<int> result = run(t, {}, script);
  CHECK(script.started.size() == 3);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().is(RetriesExceeded));
  CHECK(result.error().is(E));
  CHECK(result.error().message() == "retries exceeded: E");
}

TEST_CASE("#163 a success is not repeated") {
  VirtualTest t;
  Script script{{Error()}};
  CHECK(run(t, {}, script) == 0);
  CHECK(script.started.size() == 1);
  CHECK(t.elapsed() == 0s);
}

TEST_CASE("#164 without a limit it goes on until the success") {
  VirtualTest t;
  Script script{{E, E, E, E, E, Error()}};
  RetryOptions options;
  options.max_attempts = std::nullopt;
  CHECK(run(t, options, script) == 5);
  CHECK(script.started.size() == 6);
}

TEST_CASE("#165 an error that is not retryable is returned as is") {
  VirtualTest t;
  Script script{{E}};
  RetryOptions options;
  options.retryable = [](const Error& error) { return !error.is(E); };
  const Result<int> result = run(t, options, script);
  CHECK(script.started.size() == 1);
  CHECK(result.error() == E);
}

TEST_CASE("#166 the backoff doubles up to its maximum") {
  VirtualTest t;
  Script script{{E, E, E, E, E, E, Error()}};
  RetryOptions options = without_jitter(1ms, 10ms);
  options.max_attempts = 7;
  CHECK(run(t, options, script) == 6);
  CHECK(sleeps(script) == Delays{1ms, 2ms, 4ms, 8ms, 10ms, 10ms});
}

TEST_CASE("#171 a pushback is waited for exactly, and the ladder restarts after it") {
  VirtualTest t;
  Script script{{with_pushback(E, Pushback{700ms}), E, E, Error()}};
  RetryOptions options = without_jitter(100ms);
  options.max_attempts = 4;
  CHECK(run(t, options, script) == 3);
  CHECK(sleeps(script) == Delays{700ms, 100ms, 200ms});
}

TEST_CASE("a pushback in the middle of the ladder starts it over") {
  VirtualTest t;
  Script script{{E, E, with_pushback(E, Pushback{700ms}), E, E, Error()}};
  RetryOptions options = without_jitter(100ms);
  options.max_attempts = 6;
  CHECK(run(t, options, script) == 5);
  CHECK(sleeps(script) == Delays{100ms, 200ms, 700ms, 100ms, 200ms});
}

TEST_CASE("#172 a pushback gives no attempt beyond max_attempts") {
  VirtualTest t;
  Script script{{E, with_pushback(E, Pushback{1ms})}};
  RetryOptions options;
  options.max_attempts = 2;
  const Result<int> result = run(t, options, script);
  CHECK(script.started.size() == 2);
  CHECK(result.error().is(RetriesExceeded));
}

TEST_CASE("#174 cancelling during the wait ends it with the cause and the last error") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_cancel(ctx);
    Timer timer(ctx.runtime(), [&stop = cancel] { stop(P); });
    timer.set_after(300ms);
    Script script{{E}};
    auto attempt = [&script](Context c, int index) { return script(std::move(c), index); };
    const Result<int> result = co_await retry(limited, without_jitter(1s), attempt);
    CHECK(script.started.size() == 1);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().is(Canceled));
    CHECK(result.error().is(P));
    CHECK(result.error().is(E));
    CHECK(result.error().message() == "context canceled: P: E");
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 300ms);
}

TEST_CASE("#175 no attempt starts after max_elapsed") {
  VirtualTest t;
  Script script{{E}, 60ms};
  RetryOptions options = without_jitter(0ms);
  options.max_attempts = std::nullopt;
  options.max_elapsed = 100ms;
  const Result<int> result = run(t, options, script);
  CHECK(script.started == Delays{0ms, 60ms});
  CHECK(t.elapsed() == 120ms);
  CHECK(result.error().is(RetriesExceeded));
  CHECK(result.error().is(E));
}

TEST_CASE("a wait that max_elapsed would cut is not begun") {
  VirtualTest t;
  Script script{{E}};
  RetryOptions options = without_jitter(100ms);
  options.max_elapsed = 100ms;
  CHECK(run(t, options, script).error().is(RetriesExceeded));
  CHECK(t.elapsed() == 0ms);
}

TEST_CASE("retry does not sleep past the deadline") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1s);
    Script script{{E}};
    auto attempt = [&script](Context c, int index) { return script(std::move(c), index); };
    RetryOptions options = without_jitter(400ms);
    options.max_attempts = std::nullopt;
    const Result<int> result = co_await retry(limited, options, attempt);
    CHECK(script.started == Delays{0ms, 400ms});  // and 800ms more would be 1200ms
    CHECK(result.error().is(DeadlineExceeded));
    CHECK(result.error().is(E));
    CHECK(result.error().timeout());
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 400ms);
}

TEST_CASE("an attempt that the context stopped says so once") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1s, P);
    Script script{{E}, 5s};
    auto attempt = [&script](Context c, int index) { return script(std::move(c), index); };
    const Result<int> result = co_await retry(limited, RetryOptions(), attempt);
    CHECK(script.started.size() == 1);
    CHECK(result.error().message() == "context deadline exceeded: P");
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 1s);
}

TEST_CASE("a cancellation in the instant in which the wait ends starts no attempt") {
  VirtualTest t;
  auto main = [](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_cancel(ctx);
    Script script{{E}};
    auto attempt = [&script](Context c, int index) { return script(std::move(c), index); };
    auto late = [&stop = cancel](Context c) -> awaitable<Error> {
      co_await c.sleep(500ms);
      co_await c.sleep(500ms);  // set after retry's own timer, and due with it
      stop(P);
      co_return Error();
    };
    Group group(ctx);
    group.go("late", late);
    RetryOptions options = without_jitter(1s);
    const Result<int> result = co_await retry(limited, options, attempt);
    co_await group.wait();
    CHECK(script.started.size() == 1);
    CHECK(result.error().is(P));
  };
  t.run(main(t.background()));
}

TEST_CASE("a done context starts no attempt") {
  VirtualTest t;
  const auto [done, cancel] = with_cancel(t.background());
  cancel(P);
  Script script{{Error()}};
  auto attempt = [&script](Context c, int index) { return script(std::move(c), index); };
  CHECK(t.run(retry(done, RetryOptions(), attempt)).error().is(P));
  CHECK(script.started.empty());
}

TEST_CASE("do not come again ends the series with the attempt's error") {
  VirtualTest t;
  Script script{{with_pushback(E, Pushback::never())}};
  const Result<int> result = run(t, {}, script);
  CHECK(script.started.size() == 1);
  CHECK(result.error().is(E));
  CHECK_FALSE(result.error().is(RetriesExceeded));
}

TEST_CASE("a plain call's error is returned as is") {
  VirtualTest t;
  Script script{{E}};
  RetryOptions options;
  options.max_attempts = 1;
  CHECK(run(t, options, script).error() == E);
}

TEST_CASE("the throttle counts every retryable failure and stops retries at half") {
  VirtualTest t;
  Throttle throttle(10, 0.1);
  Script script{{E}};
  RetryOptions options;
  options.max_attempts = std::nullopt;
  options.throttle = &throttle;
  const Result<int> result = run(t, options, script);
  CHECK(script.started.size() == 5);
  CHECK(result.error() == E);
  Script success{{Error()}};
  run(t, options, success);
  CHECK(throttle.tokens() == Approx(5.1));
  Script final{{E}};
  options.retryable = [](const Error&) { return false; };
  run(t, options, final);
  CHECK(throttle.tokens() == Approx(5.1));
}

TEST_CASE("a call deposits once, and each retry withdraws") {
  VirtualTest t;
  BudgetOptions budget_options;
  budget_options.reserve_per_second = 0;
  budget_options.share = 2;
  Budget budget(t.runtime, budget_options);
  Script script{{E}};
  RetryOptions options = without_jitter(1ms);
  options.max_attempts = 10;
  options.budget = &budget;
  const Result<int> result = run(t, options, script);
  CHECK(script.started.size() == 3);
  CHECK(result.error() == E);
}

TEST_CASE("the observer hears of each wait before it begins") {
  VirtualTest t;
  Script script{{E, E, Error()}};
  RetryOptions options = without_jitter(100ms);
  std::string heard;
  options.on_retry = [&](const Retrying& retrying) {
    heard += std::to_string(retrying.attempt) + retrying.error.message() +
             format_duration(retrying.delay) + "@" + format_duration(t.elapsed()) + " ";
  };
  run(t, options, script);
  CHECK(heard == "0E100ms@0s 1E200ms@100ms ");
}

TEST_CASE("attempts may return a plain error, or no value") {
  VirtualTest t;
  int calls = 0;
  auto plain = [&](Context, int) -> awaitable<Error> { co_return ++calls < 3 ? E : Error(); };
  CHECK_FALSE(t.run(retry(t.background(), RetryOptions(), plain)));
  auto no_value = [&](Context, int) -> awaitable<Result<void>> { co_return std::unexpected(E); };
  CHECK(t.run(retry(t.background(), RetryOptions(), no_value)).error().is(E));
  CHECK(calls == 3);
}

TEST_CASE("what an attempt throws goes on to the caller") {
  VirtualTest t;
  int calls = 0;
  auto attempt = [&](Context, int) -> awaitable<Error> {
    ++calls;
    throw std::runtime_error("bug");
    co_return Error();
  };
  CHECK_THROWS_WITH(t.run(retry(t.background(), RetryOptions(), attempt)), "bug");
  CHECK(calls == 1);
}

TEST_CASE("options that make no sense are refused before the first attempt") {
  VirtualTest t;
  Throttle bad_throttle(0, 0);
  std::vector<RetryOptions> bad(4);
  bad[0].max_attempts = 0;
  bad[1].max_elapsed = -1ms;
  bad[2].backoff.initial = -1ms;
  bad[3].throttle = &bad_throttle;
  for (const RetryOptions& options : bad) {
    Script script{{Error()}};
    const Result<int> result = run(t, options, script);
    CHECK_FALSE(result.has_value());
    CHECK(script.started.empty());
  }
}

TEST_CASE("a pushback is a number of milliseconds or means never") {
  CHECK(Pushback::parse("700").delay == 700ms);
  CHECK(Pushback::parse("0").delay == 0ms);
  for (const char* never : {"-1", "", "soon", "12s", "1.5", " 1", "99999999999999"}) {
    CHECK(Pushback::parse(never).is_never());
  }
  CHECK(with_pushback(E, Pushback{2s}).message() == "E: asked to come again in 2s");
}

}  // namespace
}  // namespace errand::test
