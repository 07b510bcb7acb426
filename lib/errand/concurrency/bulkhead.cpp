// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/bulkhead.h"

namespace errand {

const Error BulkheadFull = Error::text("the bulkhead is full");

Error BulkheadOptions::check() const {
  if (limit < 1) return Error::text("bulkhead: the limit is below 1");
  if (max_wait && *max_wait < Duration::zero()) {
    return Error::text("bulkhead: the longest wait is negative");
  }
  return {};
}

awaitable<Result<Permit>> Bulkhead::acquire(Context context) {
  if (Error wrong = check()) co_return std::unexpected(std::move(wrong));
  if (context.done()) co_return std::unexpected(context.done_error());
  // Without a wait, a context with a timeout would be done before it could ask.
  if (std::optional<Permit> permit = slots_.try_acquire()) co_return std::move(*permit);
  if (!options_.max_wait) co_return co_await slots_.acquire(std::move(context));
  const auto [limited, cancel] = with_timeout(context, *options_.max_wait, BulkheadFull);
  Result<Permit> permit = co_await slots_.acquire(limited);
  if (!permit && limited.cause() == BulkheadFull) co_return std::unexpected(BulkheadFull);
  co_return permit;
}

}  // namespace errand
