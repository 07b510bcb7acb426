// SPDX-License-Identifier: Apache-2.0
#include "errand/process/spawn_queue.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace errand {
namespace {

// The first, then as long as all before.
Duration next_delay(Duration waited) {
  return std::min(std::max(SpawnQueue::kFirstDelay, waited), SpawnQueue::kRetryTimeout - waited);
}

}  // namespace

bool SpawnQueue::is_resource_exhaustion(int number) {
  switch (number) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
    case ENOBUFS:
      return true;
    default:
      return false;
  }
}

void SpawnQueue::process_exited() {
  if (--expected_exits_ > 0) return wake_next();
  // Nobody's end wakes them any more: each has to watch its own patience.
  while (!waiting_.empty()) wake_next();
}

void SpawnQueue::wake_next() {
  if (waiting_.empty()) return;
  waiting_.extract(waiting_.begin()).mapped()->wake();
}

awaitable<void> SpawnQueue::wait(Context context, Ticket ticket) {
  Parking parking(runtime_);
  struct Waiter {
    SpawnQueue& queue;
    Ticket ticket;
    ~Waiter() { queue.waiting_.erase(ticket); }  // also with the loop
  };
  const Waiter waiter{*this, ticket};
  waiting_.emplace(ticket, &parking);
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  co_await parking.park();
  if (!waiting_.contains(ticket) && context.done()) wake_next();  // for somebody who can use it
}

std::string SpawnQueue::notice_once(int number) {
  if (std::exchange(notice_given_, true)) return {};
  const std::string effect = ": fewer tasks run at once than may";
  switch (number) {
    case EMFILE:
      return "the limit of open files (ulimit -n) is reached" + effect;
    case ENFILE:
      return "the system's limit of open files is reached" + effect;
    case EAGAIN:
      return "the limit of processes (ulimit -u) is reached" + effect;
    default:
      return "memory is short" + effect;
  }
}

awaitable<bool> SpawnRetry::wait_to_retry(Context context, int number, FailedAt failed_at) {
  if (notice_.empty()) notice_ = queue_.notice_once(number);
  if (failed_at == FailedAt::exec) {
    if (waited_for_exec_ >= SpawnQueue::kRetryTimeout) co_return false;
    const Duration delay = next_delay(waited_for_exec_);
    waited_for_exec_ += delay;
    co_await context.sleep(delay);
    co_return true;
  }
  if (!ticket_) ticket_ = queue_.next_ticket_++;
  if (queue_.expected_exits_ > 0) {
    waited_ = {};
    co_await queue_.wait(std::move(context), *ticket_);
    co_return true;
  }
  if (waited_ >= SpawnQueue::kRetryTimeout) co_return false;
  const TimePoint before = queue_.runtime_.now();
  const auto [limited, cancel] = with_timeout(context, next_delay(waited_));
  co_await queue_.wait(limited, *ticket_);
  cancel();
  waited_ += queue_.runtime_.now() - before;
  co_return true;
}

void SpawnRetry::finish() {
  if (std::exchange(ticket_, std::nullopt)) queue_.wake_next();
}

}  // namespace errand
