// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/retry.h"

#include "errand/concurrency/event.h"

namespace errand {

const Error RetriesExceeded = Error::text("retries exceeded");

Error RetryOptions::check() const {
  if (max_attempts && *max_attempts < 1) return Error::text("retry: max_attempts is below 1");
  if (max_elapsed && *max_elapsed < Duration::zero()) {
    return Error::text("retry: max_elapsed is negative");
  }
  if (throttle && throttle->check()) return Error::wrap("retry", throttle->check());
  if (budget && budget->check()) return Error::wrap("retry", budget->check());
  return Error::wrap("retry", backoff.check());
}

namespace detail {
namespace {

// Unlike Context::sleep, it gives way to whatever happens in the same instant: what follows the
// wait is more work. Ends early with the context.
awaitable<void> wait_to_retry(Context context, Duration delay) {
  Parking parking(context.runtime());
  auto wake = [&parking] { parking.wake(); };
  Timer timer(context.runtime(), wake, TimerClass::policy);
  CancelHook canceled(context, wake);
  timer.set(saturating_add(context.runtime().now(), delay));
  co_await parking.park();
}

}  // namespace

Error ended_by(const Context& context, const Error& last) {
  if (last.is(context.err()) && last.is(context.cause())) return last;
  return Error::caused(context.done_error(), last);
}

RetrySeries::RetrySeries(Context context, RetryOptions options)
    : context_(std::move(context)),
      options_(std::move(options)),
      delays_(options_.backoff, options_.seed),
      started_(context_.runtime().now()) {}

Error RetrySeries::begin() {
  if (Error wrong = options_.check()) return wrong;
  if (context_.done()) return context_.done_error();
  if (options_.budget) options_.budget->deposit();
  return {};
}

void RetrySeries::succeeded() {
  if (options_.throttle) options_.throttle->on_success();
}

// The error that the call ends with, if the attempt's failure is enough to know.
std::optional<Error> RetrySeries::final_error(int index, const Error& error,
                                              const Pushback* pushback) {
  if (context_.done()) return ended_by(context_, error);
  const bool never = pushback && pushback->is_never();
  const bool retryable = !options_.retryable || options_.retryable(error);
  if (options_.throttle && (retryable || never)) options_.throttle->on_failure();
  if (never || !retryable || options_.max_attempts == 1) return error;
  if (options_.max_attempts && index + 1 >= *options_.max_attempts) {
    return Error::caused(RetriesExceeded, error);
  }
  if (options_.throttle && !options_.throttle->allowed()) return error;
  return std::nullopt;
}

Duration RetrySeries::delay_after(const Pushback* pushback) {
  if (!pushback) return delays_.next();
  delays_.reset();
  return *pushback->delay;
}

std::optional<Error> RetrySeries::too_late(Duration delay, const Error& error) const {
  const TimePoint next = saturating_add(context_.runtime().now(), delay);
  if (options_.max_elapsed && next >= saturating_add(started_, *options_.max_elapsed)) {
    return Error::caused(RetriesExceeded, error);
  }
  if (context_.deadline() && next >= *context_.deadline()) {
    return Error::caused(DeadlineExceeded, error);
  }
  return std::nullopt;
}

awaitable<Error> RetrySeries::next_after(int index, Error error) {
  const Pushback* pushback = error.as<Pushback>();
  if (std::optional<Error> ending = final_error(index, error, pushback)) co_return *ending;
  const Duration delay = delay_after(pushback);
  if (std::optional<Error> ending = too_late(delay, error)) co_return *ending;
  if (options_.budget && !options_.budget->try_withdraw()) co_return error;
  if (options_.on_retry) options_.on_retry({index, error, delay});
  co_await wait_to_retry(context_, delay);
  co_return context_.done() ? ended_by(context_, error) : Error();
}

}  // namespace detail
}  // namespace errand
