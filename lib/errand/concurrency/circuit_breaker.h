// SPDX-License-Identifier: Apache-2.0
//
// CircuitBreaker: stop asking a server that keeps failing, and try again after a while. Sources:
// failsafe-go (thresholds, trials), sony/gobreaker (generations).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <string_view>
#include <utility>

#include "errand/base/result.h"
#include "errand/base/time.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/detail/fallible.h"
#include "errand/concurrency/runtime.h"

namespace errand {

extern const Error CircuitOpen;  // "the circuit is open"

enum class CircuitState : std::uint8_t { closed, open, half_open };
std::string_view to_string(CircuitState state);

struct BreakerOptions {
  // Closed, it opens at `failures` among the latest `window` results, also before there are that
  // many. A window equal to `failures` asks for failures in a row, and so does 0.
  std::size_t failures = 5;
  std::size_t window = 0;
  // Open, it refuses everything for this long.
  Duration delay = std::chrono::minutes(1);
  // Half open, it admits `trials` calls at a time; it closes at `successes` and opens again once
  // `trials` results can no longer contain so many. 0 trials count as `successes`.
  std::size_t successes = 1;
  std::size_t trials = 0;
  // Does this error speak against the server? One that does not counts as a success. Empty: all do.
  std::function<bool(const Error&)> is_failure;
  // Told after each change. Must not throw.
  std::function<void(CircuitState from, CircuitState to)> on_change;

  // What is wrong with these options; none when nothing is.
  Error check() const;
};

// One for each server, shared by its callers. Reads the runtime's clock and sets no timer. The
// runtime outlives it, and it its permits; loop's thread only; constant time.
class CircuitBreaker {
 public:
  // With options that check() refuses, every call is refused with that error.
  explicit CircuitBreaker(const Runtime& runtime, BreakerOptions options = {});
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  Error check() const { return options_.check(); }

  // The right to make one call, and the duty to say how it went. Dropped without a word it is given
  // back and counts as nothing. A word counts once, and only in the state in which the permit was
  // given: what began before a change says nothing about what came after.
  class [[nodiscard]] Permit {
   public:
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), generation_(other.generation_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() { end(CallReport::none); }
    void success() { end(CallReport::success); }
    void failure() { end(CallReport::failure); }

   private:
    friend class CircuitBreaker;
    enum class CallReport : std::uint8_t { none, success, failure };
    Permit(CircuitBreaker& breaker, std::uint64_t generation)
        : breaker_(&breaker), generation_(generation) {}
    void end(CallReport report);
    CircuitBreaker* breaker_;
    std::uint64_t generation_;
  };

  // CircuitOpen while it is open, and half open while all trials are taken. Never suspends.
  Result<Permit> try_acquire();

  // Awaits function(context) under a permit and returns what it returns, awaitable<Error> or
  // awaitable<Result<T>>; without one the function does not run. Owns `function`. A success, a
  // failure and an exception, which goes on, are counted. A cancellation error when the context has
  // been cancelled is not: it says nothing about the server; one that its deadline caused is a
  // failure.
  template <class F>
  awaitable<detail::Awaited<F, Context>> run(Context context, F function);

  // half_open from the moment on in which trials would be admitted.
  CircuitState state() const;

 private:
  enum class CallResult : std::uint8_t { neutral, success, failure };
  CallResult classify(const Context& context, const Error& error) const;
  void record(bool success);
  void record_closed(bool success);
  void record_trial();
  void change(CircuitState to);
  std::size_t window() const { return std::max(options_.window, options_.failures); }
  std::size_t trials() const { return std::max(options_.trials, options_.successes); }
  bool delay_over() const { return runtime_.now() >= open_until_; }

  const Runtime& runtime_;
  BreakerOptions options_;
  CircuitState state_ = CircuitState::closed;
  std::uint64_t generation_ = 0;  // counts changes
  TimePoint open_until_;
  std::deque<bool> results_;   // closed: the latest ones, true = success
  std::size_t successes_ = 0;  // of this generation; while closed of results_
  std::size_t failures_ = 0;
  std::size_t trials_out_ = 0;
};

// ---- templates

template <class F>
awaitable<detail::Awaited<F, Context>> CircuitBreaker::run(Context context, F function) {
  using R = detail::Awaited<F, Context>;
  if (context.done()) co_return detail::failed<R>(context.done_error());
  Result<Permit> permit = try_acquire();
  if (!permit) co_return detail::failed<R>(std::move(permit.error()));
  try {
    R outcome = co_await function(context);
    switch (classify(context, detail::error_of(outcome))) {
      case CallResult::success:
        permit->success();
        break;
      case CallResult::failure:
        permit->failure();
        break;
      case CallResult::neutral:
        break;
    }
    co_return outcome;
  } catch (...) {
    permit->failure();
    throw;
  }
}

}  // namespace errand
