// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace errand {
namespace {

Error wrong_numbers(double limit, std::int64_t burst) {
  if (std::isnan(limit) || limit < 0)
    return Error::text("rate: the limit is not a number from 0 up");
  if (burst < 0) return Error::text("rate: the burst is negative");
  return {};
}

double tokens_in(Duration elapsed, double limit) {
  return limit <= 0 ? 0 : std::chrono::duration<double>(elapsed).count() * limit;
}

// Duration::max() when they never come.
Duration time_for(double tokens, double limit) {
  if (limit <= 0) return Duration::max();
  const std::chrono::duration<double> exact(tokens / limit);
  return exact < Duration::max() ? std::chrono::duration_cast<Duration>(exact) : Duration::max();
}

std::string call(std::int64_t events) { return "rate: wait(" + std::to_string(events) + ")"; }

}  // namespace

RateLimiter::RateLimiter(Runtime& runtime, double limit, std::int64_t burst)
    : runtime_(runtime),
      limit_(limit),
      burst_(burst),
      tokens_(static_cast<double>(burst)),
      last_(now()),
      last_event_(last_) {}

Error RateLimiter::check() const { return wrong_numbers(limit_, burst_); }

double RateLimiter::tokens() const {
  if (limit_ == kInfinite) return static_cast<double>(burst_);
  const Duration elapsed = std::max(Duration::zero(), saturating_difference(now(), last_));
  return std::min(tokens_ + tokens_in(elapsed, limit_), static_cast<double>(burst_));
}

void RateLimiter::accrue() {
  tokens_ = tokens();
  last_ = now();
}

Reservation RateLimiter::reserve_within(std::int64_t events, Duration wait_max) {
  Reservation reservation;
  if (check() || events < 0) return reservation;
  Duration wait = Duration::zero();
  if (limit_ != kInfinite) {
    const double left = tokens() - static_cast<double>(events);
    if (left < 0) wait = time_for(-left, limit_);
    if (events > burst_ || wait > wait_max || wait == Duration::max()) return reservation;
    accrue();
    tokens_ = left;
    last_event_ = saturating_add(now(), wait);
  }
  reservation.limiter_ = this;
  reservation.events_ = limit_ == kInfinite ? 0 : events;  // nothing taken, nothing to give back
  reservation.limit_ = limit_;
  reservation.time_to_act_ = saturating_add(now(), wait);
  return reservation;
}

bool RateLimiter::allow(std::int64_t events) {
  return reserve_within(events, Duration::zero()).ok();
}

Reservation RateLimiter::reserve(std::int64_t events) {
  return reserve_within(events, Duration::max());
}

Error RateLimiter::refusal(std::int64_t events) const {
  if (Error wrong = check()) return wrong;
  if (events < 0) return Error::text(call(events) + " is negative");
  if (events <= burst_ || limit_ == kInfinite) return {};
  return Error::text(call(events) + " exceeds the burst of " + std::to_string(burst_));
}

awaitable<Error> RateLimiter::wait(Context context, std::int64_t events) {
  if (Error refused = refusal(events)) co_return refused;
  if (context.done()) co_return context.done_error();
  const Duration wait_max =
      context.deadline() ? saturating_difference(*context.deadline(), now()) : Duration::max();
  Reservation reservation = reserve_within(events, wait_max);
  if (!reservation.ok()) {
    if (!context.deadline()) co_return Error::text(call(events) + " would never end");
    co_return Error::wrap(call(events) + " would pass the deadline", DeadlineExceeded);
  }
  const Duration delay = reservation.delay();
  if (delay == Duration::zero()) co_return Error();
  Error ended = co_await context.sleep(delay);
  if (ended) reservation.cancel();
  co_return ended;
}

Error RateLimiter::set_limit(double limit) {
  if (Error wrong = wrong_numbers(limit, burst_)) return wrong;
  accrue();
  limit_ = limit;
  return {};
}

Error RateLimiter::set_burst(std::int64_t burst) {
  if (Error wrong = wrong_numbers(limit_, burst)) return wrong;
  accrue();
  burst_ = burst;
  return {};
}

void RateLimiter::give_back(const Reservation& reservation) {
  if (reservation.events_ == 0 || limit_ == kInfinite || reservation.time_to_act_ < now()) return;
  // What was promised after this reservation counts on its place in the queue.
  const Duration later = saturating_difference(last_event_, reservation.time_to_act_);
  const double events = static_cast<double>(reservation.events_);
  const double restored = events - tokens_in(later, reservation.limit_);
  if (restored <= 0) return;
  accrue();
  tokens_ = std::min(tokens_ + restored, static_cast<double>(burst_));
  if (reservation.time_to_act_ != last_event_) return;
  const TimePoint previous = saturating_subtract(last_event_, time_for(events, reservation.limit_));
  if (previous >= now()) last_event_ = previous;
}

Duration Reservation::delay() const {
  if (!ok()) return Duration::max();
  return std::max(Duration::zero(), saturating_difference(time_to_act_, limiter_->now()));
}

void Reservation::cancel() {
  if (!ok()) return;
  limiter_->give_back(*this);
  events_ = 0;
}

}  // namespace errand
