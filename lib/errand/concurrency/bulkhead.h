// SPDX-License-Identifier: Apache-2.0
//
// Bulkhead: at most so many calls to one server at a time, so that a slow one cannot take all there
// is. Source: failsafe-go.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "errand/base/result.h"
#include "errand/base/time.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/detail/fallible.h"
#include "errand/concurrency/semaphore.h"

namespace errand {

extern const Error BulkheadFull;  // "the bulkhead is full"

struct BulkheadOptions {
  std::int64_t limit = 10;                              // calls at a time
  std::optional<Duration> max_wait = Duration::zero();  // for a slot; none = as long as the context

  // What is wrong with these options; none when nothing is.
  Error check() const;
};

// Callers wait in the order they came. Outlives its calls; loop's thread only.
class Bulkhead {
 public:
  // With options that check() refuses, every call is refused with that error.
  explicit Bulkhead(BulkheadOptions options = {}) : options_(options), slots_(options.limit) {}
  Error check() const { return options_.check(); }

  // Suspends until a slot is free, awaits function(context) in it and returns what that returns,
  // awaitable<Error> or awaitable<Result<T>>. BulkheadFull after max_wait and done_error() when the
  // context ends: the function has not run then. A slot that comes in the instant in which max_wait
  // ends is taken. Owns `function`; what it throws goes on to the caller.
  template <class F>
  awaitable<detail::Awaited<F, Context>> run(Context context, F function);

  // A slot for as long as the permit lives, on the same terms.
  awaitable<Result<Permit>> acquire(Context context);
  // Free slots.
  std::int64_t available() const { return slots_.available(); }

 private:
  BulkheadOptions options_;
  Semaphore slots_;
};

// ---- templates

template <class F>
awaitable<detail::Awaited<F, Context>> Bulkhead::run(Context context, F function) {
  using R = detail::Awaited<F, Context>;
  Result<Permit> permit = co_await acquire(context);
  if (!permit) co_return detail::failed<R>(std::move(permit.error()));
  co_return co_await function(std::move(context));
}

}  // namespace errand
