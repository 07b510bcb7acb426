// SPDX-License-Identifier: Apache-2.0
//
// retry: one attempt after the other until one succeeds. Words and rules: gRPC A6; the content of
// errors: failsafe-go, and more of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/backoff.h"
#include "errand/concurrency/budget.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/detail/fallible.h"
#include "errand/concurrency/pushback.h"  // IWYU pragma: export
#include "errand/concurrency/throttle.h"

namespace errand {

extern const Error RetriesExceeded;  // "retries exceeded"

// What is about to happen after an attempt that failed.
struct Retrying {
  int attempt = 0;  // that failed, the first one is 0
  Error error;
  Duration delay;  // before the next one
};

struct RetryOptions {
  std::optional<int> max_attempts = 3;  // the first one included; none = no limit
  std::optional<Duration> max_elapsed;  // no attempt starts when this has passed since the call
  Backoff backoff;
  // Of the backoff's jitter. Calls with equal seeds come back together, which is what jitter is to
  // avoid.
  std::uint64_t seed = 0;
  // Is another attempt of use after this error? Empty: after every one.
  std::function<bool(const Error&)> retryable;
  Throttle* throttle = nullptr;  // borrowed, as is the budget: they outlive the call
  Budget* budget = nullptr;
  // Told before each wait.
  std::function<void(const Retrying&)> on_retry;

  // What is wrong with these options; none when nothing is.
  Error check() const;
};

// Awaits attempt(context, index), index 0 first, until an attempt succeeds; `attempt` returns
// awaitable<Error> or awaitable<Result<T>>, retry() the same. It owns `attempt` and runs one at a
// time.
//
// Between attempts it suspends for the backoff, or for exactly the attempt's Pushback, after which
// the backoff starts over. It returns
//  - the attempt's own error when that is not retryable, says "do not come again", is refused by
//    the throttle or the budget, or when max_attempts is 1;
//  - RetriesExceeded and the last attempt's error, matching both, after max_attempts, and when the
//    next attempt could not start within max_elapsed;
//  - the context's error, its cause and the last attempt's error, matching all, when the context
//    ends, or at once when its deadline would pass during the wait.
// A context that is done, and options that check() refuses, are errors before the first attempt.
// What an attempt throws is not retried and goes on to the caller.
template <class F>
awaitable<detail::Awaited<F, Context, int>> retry(Context context, RetryOptions options, F attempt);

// ---- templates

namespace detail {

// All of retry() but the attempts.
class RetrySeries {
 public:
  RetrySeries(Context context, RetryOptions options);
  // An error stops the call before its first attempt.
  Error begin();
  void succeeded();
  // After attempt `index` failed with `error`: none when it is time for the next one, else the
  // error that the call returns. Suspends for the backoff.
  awaitable<Error> next_after(int index, Error error);

 private:
  std::optional<Error> final_error(int index, const Error& error, const Pushback* pushback);
  Duration delay_after(const Pushback* pushback);
  std::optional<Error> too_late(Duration delay, const Error& error) const;

  Context context_;
  RetryOptions options_;
  BackoffSequence delays_;
  TimePoint started_;
};

}  // namespace detail

template <class F>
awaitable<detail::Awaited<F, Context, int>> retry(Context context, RetryOptions options,
                                                  F attempt) {
  using R = detail::Awaited<F, Context, int>;
  detail::RetrySeries series(context, std::move(options));
  if (Error refused = series.begin()) co_return detail::failed<R>(std::move(refused));
  for (int index = 0;; ++index) {
    R outcome = co_await attempt(context, index);
    Error error = detail::error_of(outcome);
    if (!error) {
      series.succeeded();
      co_return outcome;
    }
    if (Error ending = co_await series.next_after(index, error)) {
      co_return ending == error ? std::move(outcome) : detail::failed<R>(std::move(ending));
    }
  }
}

}  // namespace errand
