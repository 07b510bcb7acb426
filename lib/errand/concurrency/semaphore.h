// SPDX-License-Identifier: Apache-2.0
//
// A weighted semaphore with strict first come, first served order.
// Go: golang.org/x/sync/semaphore. Differences: permits give themselves back, and what can never be
// granted is refused at once.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"

namespace errand {

class Semaphore;

// A share of a semaphore's capacity, given back by the destructor at the latest. Movable; a
// moved-from one holds nothing. The semaphore outlives it.
class [[nodiscard]] Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept
      : semaphore_(other.semaphore_), weight_(std::exchange(other.weight_, 0)) {}
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { release(); }

  std::int64_t weight() const { return weight_; }
  // Gives back all that is left; the second call does nothing. Never suspends; who is woken by it
  // runs on a later turn of the loop.
  void release();
  // Gives back a part. An error, and no change, for less than 0 and for more than weight().
  Error release(std::int64_t part);

 private:
  friend class Semaphore;
  Permit(Semaphore& semaphore, std::int64_t weight) : semaphore_(&semaphore), weight_(weight) {}
  Semaphore* semaphore_ = nullptr;
  std::int64_t weight_ = 0;
};

// Only the one who waits longest is considered, so that many small requests cannot starve a large
// one. Outlives its permits and waiters; loop's thread only. All calls take constant time.
class Semaphore {
 public:
  // With less than 0 every request is refused.
  explicit Semaphore(std::int64_t capacity) : capacity_(capacity) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Suspends until `weight` is free and everybody who came earlier has been served. Errors, with
  // nothing taken: done_error() when the context is done before that, even with capacity free; at
  // once for a negative weight or one above the capacity. A weight of 0 waits its turn too. A
  // permit that was granted before the context ended counts.
  awaitable<Result<Permit>> acquire(Context context, std::int64_t weight = 1);
  // Never suspends. Nothing when the weight is not free, when it is refused by acquire(), and while
  // anybody waits, whatever is free.
  std::optional<Permit> try_acquire(std::int64_t weight = 1);

  std::int64_t capacity() const { return capacity_; }
  std::int64_t available() const { return capacity_ - held_; }

 private:
  friend class Permit;
  struct Waiter;
  Error refusal(std::int64_t weight) const;
  void serve();

  std::int64_t capacity_;
  std::int64_t held_ = 0;
  detail::List<Waiter> waiters_;
};

}  // namespace errand
