// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/semaphore.h"

#include <string>

namespace errand {

struct Semaphore::Waiter : detail::Link {
  Waiter(Semaphore& semaphore, Context its_context, std::int64_t its_weight)
      : context(std::move(its_context)), weight(its_weight), parking(context.runtime()) {
    semaphore.waiters_.push_back(*this);
  }
  ~Waiter() { unlink(); }
  Context context;
  std::int64_t weight;
  Parking parking;
  bool granted = false;
};

Error Semaphore::refusal(std::int64_t weight) const {
  if (weight < 0)
    return Error::text("semaphore: the weight " + std::to_string(weight) + " is negative");
  if (weight <= capacity_) return {};
  return Error::text("semaphore: the weight " + std::to_string(weight) +
                     " exceeds the capacity of " + std::to_string(capacity_));
}

// Grants whatever the head of the queue can have now. A waiter that is no longer wanted is dropped
// here and not only when it resumes: a grant must not be spent on it, nor the rest held up by it.
void Semaphore::serve() {
  while (!waiters_.empty()) {
    Waiter& head = waiters_.front();
    if (!head.context.done()) {
      if (head.weight > available()) return;
      held_ += head.weight;
      head.granted = true;
    }
    head.unlink();
    head.parking.wake();
  }
}

std::optional<Permit> Semaphore::try_acquire(std::int64_t weight) {
  serve();
  if (refusal(weight) || !waiters_.empty() || weight > available()) return std::nullopt;
  held_ += weight;
  return Permit(*this, weight);
}

awaitable<Result<Permit>> Semaphore::acquire(Context context, std::int64_t weight) {
  if (Error refused = refusal(weight)) co_return std::unexpected(std::move(refused));
  if (context.done()) co_return std::unexpected(context.done_error());
  if (std::optional<Permit> permit = try_acquire(weight)) co_return std::move(*permit);
  Waiter waiter(*this, context, weight);
  detail::CancelHook canceled(context, [&waiter] { waiter.parking.wake(); });
  co_await waiter.parking.park();
  if (waiter.granted) co_return Permit(*this, weight);
  waiter.unlink();
  serve();
  co_return std::unexpected(context.done_error());
}

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  release();
  semaphore_ = other.semaphore_;
  weight_ = std::exchange(other.weight_, 0);
  return *this;
}

void Permit::release() {
  if (weight_ == 0) return;
  semaphore_->held_ -= std::exchange(weight_, 0);
  semaphore_->serve();
}

Error Permit::release(std::int64_t part) {
  if (part < 0 || part > weight_) {
    return Error::text("semaphore: " + std::to_string(part) + " released of " +
                       std::to_string(weight_) + " held");
  }
  if (part == 0) return {};
  weight_ -= part;
  semaphore_->held_ -= part;
  semaphore_->serve();
  return {};
}

}  // namespace errand
