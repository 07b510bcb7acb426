// SPDX-License-Identifier: Apache-2.0
//
// A token bucket: so many events a second on average, so many at once. Go: golang.org/x/time/rate.
// Differences: waiting for what never comes fails at once, and giving back twice gives back once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "errand/base/error.h"
#include "errand/base/time.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/runtime.h"

namespace errand {

class RateLimiter;

// Events that a limiter has promised for a point in time. Dropping it keeps the promise; the
// limiter outlives it. Go: rate.Reservation.
class [[nodiscard]] Reservation {
 public:
  // False: the limiter can never grant that many, and nothing has been taken.
  bool ok() const { return limiter_ != nullptr; }
  // When to act. TimePoint::max() when not ok.
  TimePoint time_to_act() const { return time_to_act_; }
  // From now until then; zero when that has passed.
  Duration delay() const;
  // Gives back what no later reservation relies on. No effect when the time to act has passed, and
  // the second time.
  void cancel();

 private:
  friend class RateLimiter;
  RateLimiter* limiter_ = nullptr;
  std::int64_t events_ = 0;
  TimePoint time_to_act_ = TimePoint::max();
  double limit_ = 0;  // at which it was made
};

// The bucket holds `burst` tokens, starts full and gains `limit` tokens a second; one event takes
// one. Reads the runtime's clock; when that goes back, no token is made or lost. The runtime
// outlives it; loop's thread only; constant time.
class RateLimiter {
 public:
  static constexpr double kInfinite =
      std::numeric_limits<double>::infinity();  // whatever the burst

  // A limit or burst below 0, or a limit that is no number, is refused by check(); everything then
  // is.
  RateLimiter(Runtime& runtime, double limit, std::int64_t burst);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;
  Error check() const;

  // May `events` happen now? Takes the tokens only when it says yes. Never suspends.
  bool allow(std::int64_t events = 1);
  // Takes the tokens now, those of the future if need be, and says when to act. Never suspends. Not
  // ok for fewer than 0 events, for more than the burst, and for what a limit of 0 will never
  // bring.
  Reservation reserve(std::int64_t events = 1);
  // Suspends until `events` may happen; none, or an error with nothing taken. Errors at once, the
  // first that holds: more events than the burst (names both); a done context; a deadline that
  // would pass before (matches DeadlineExceeded); what never comes. Later: done_error(), and the
  // tokens go back.
  awaitable<Error> wait(Context context, std::int64_t events = 1);

  // Tokens up to now accrue at the old numbers. An error, and no change, for what check() refuses.
  Error set_limit(double limit);
  Error set_burst(std::int64_t burst);
  double limit() const { return limit_; }
  std::int64_t burst() const { return burst_; }
  // Below 0 when the future has been reserved.
  double tokens() const;

 private:
  friend class Reservation;
  Reservation reserve_within(std::int64_t events, Duration wait_max);
  void accrue();
  void give_back(const Reservation& reservation);
  Error refusal(std::int64_t events) const;
  TimePoint now() const { return runtime_.now(); }

  Runtime& runtime_;
  double limit_;
  std::int64_t burst_;
  double tokens_;
  TimePoint last_;        // when tokens_ was right
  TimePoint last_event_;  // the latest time to act that was promised
};

}  // namespace errand
