// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/hedge.h"

#include <algorithm>

#include "errand/concurrency/pushback.h"

namespace errand {

Error HedgePolicy::check() const {
  if (max_attempts < 1) return Error::text("hedge: max_attempts is below 1");
  if (delay && *delay < Duration::zero()) return Error::text("hedge: the delay is negative");
  if (delay.has_value() + bool(delay_for) + (quantile != nullptr) > 1) {
    return Error::text("hedge: more than one of delay, delay_for and quantile");
  }
  if (quantile && quantile->check()) return Error::wrap("hedge", quantile->check());
  if (throttle && throttle->check()) return Error::wrap("hedge", throttle->check());
  if (budget && budget->check()) return Error::wrap("hedge", budget->check());
  return {};
}

namespace detail {
namespace {

constexpr int kGrpcAttemptsMax = 5;

int attempts_max(const HedgePolicy& policy) {
  return policy.cap_at_five ? std::min(policy.max_attempts, kGrpcAttemptsMax) : policy.max_attempts;
}

// Before attempt `index`; nothing = no further hedges.
std::optional<Duration> delay_before(const HedgePolicy& policy, int index) {
  if (policy.quantile) return policy.quantile->value();
  if (policy.delay_for) return policy.delay_for(index);
  return policy.delay.value_or(Duration::zero());
}

bool is_cancellation(const Error& error) {
  return error.is(Canceled) || error.is(DeadlineExceeded);
}

}  // namespace

HedgeRace::HedgeRace(Context context, const HedgePolicy& policy)
    : context_(std::move(context)),
      policy_(policy),
      parking_(context_.runtime()),
      timer_(context_.runtime(), [this] { parking_.wake(); }, TimerClass::policy) {}

Error HedgeRace::begin() {
  if (Error wrong = policy_.check()) return wrong;
  if (context_.done()) return context_.done_error();
  if (policy_.budget) policy_.budget->deposit();
  if (policy_.stats) ++policy_.stats->calls;
  return {};
}

awaitable<Error> HedgeRace::run(Group& group, std::function<void(int)> start) {
  start_ = std::move(start);
  CancelHook canceled(context_, [this] { schedule_step(); });
  start_next();
  while (state_ == State::open) {
    co_await parking_.park();
    news_ = false;
    state_ = decide();
    if (state_ != State::open) break;
    if (news_) {
      timer_.set(now());
    } else if (next_) {
      timer_.set(*next_);
    }
  }
  timer_.cancel();
  group.cancel(losers_cause());
  co_return Error();
}

Error HedgeRace::losers_cause() const {
  return state_ == State::fatal && errors_.contains(*fatal_) ? errors_.at(*fatal_) : Superseded;
}

void HedgeRace::schedule_step() {
  news_ = true;
  timer_.set(now());
}

// ---- news

bool HedgeRace::ended(int index, HedgeVerdict verdict, const Error& error) {
  const bool echo = context_.done() && is_cancellation(error);
  if (state_ != State::open || echo) {
    running_.erase(index);
    return false;
  }
  if (!error) last_value_ = index;
  if (verdict == HedgeVerdict::win) {
    win(index);
  } else {
    fail(index, verdict, error);
  }
  return true;
}

void HedgeRace::win(int index) {
  state_ = State::won;
  decisive_ = index;
  if (policy_.throttle) policy_.throttle->on_success();
  if (policy_.stats && index > 0) ++policy_.stats->hedge_wins;
  // Earlier attempts took at least this long. Later ones have had less time than the winner, and
  // would make answers look quicker than they are.
  while (!running_.empty() && running_.begin()->first <= index)
    record_latency(running_.begin()->first);
  parking_.wake();
}

void HedgeRace::fail(int index, HedgeVerdict verdict, const Error& error) {
  if (error) errors_.emplace(index, error);
  if (error.timeout()) record_latency(index);
  running_.erase(index);
  const Pushback* pushback = error.as<Pushback>();
  const bool never = pushback && pushback->is_never();
  if (policy_.throttle && (verdict == HedgeVerdict::non_fatal || never))
    policy_.throttle->on_failure();
  if (verdict == HedgeVerdict::fatal) {
    if (!fatal_) fatal_ = index;
  } else if (never) {
    next_.reset();
  } else if (!pushback) {
    ++immediate_starts_;
  } else if (next_) {
    next_ = saturating_add(now(), *pushback->delay);
  }
  schedule_step();
}

void HedgeRace::record_latency(int index) {
  if (policy_.quantile) policy_.quantile->record(saturating_difference(now(), running_.at(index)));
  running_.erase(index);
}

// ---- decisions

HedgeRace::State HedgeRace::decide() {
  if (state_ != State::open) return state_;
  if (context_.done()) return State::context_done;
  if (fatal_) {
    decisive_ = fatal_;
    return State::fatal;
  }
  start_due();
  if (state_ != State::open || !running_.empty() || news_) return state_;
  const bool in_time = next_ && (!context_.deadline() || *next_ < *context_.deadline());
  if (in_time) return State::open;
  decisive_ = last_value_;
  return State::exhausted;
}

void HedgeRace::start_due() {
  while (state_ == State::open && next_ && (immediate_starts_ > 0 || *next_ <= now())) {
    immediate_starts_ = std::max(0, immediate_starts_ - 1);
    if (may_hedge()) {
      start_next();
    } else {
      next_.reset();
    }
  }
  if (!next_) immediate_starts_ = 0;
}

bool HedgeRace::may_hedge() {
  if (policy_.throttle && !policy_.throttle->allowed()) {
    if (policy_.stats) ++policy_.stats->throttled;
    return false;
  }
  if (policy_.budget && !policy_.budget->try_withdraw()) {
    if (policy_.stats) ++policy_.stats->over_budget;
    return false;
  }
  if (policy_.stats) ++policy_.stats->hedges;
  return true;
}

// The attempt may run to its end inside start_(): everything is up to date before.
void HedgeRace::start_next() {
  const int index = started_++;
  running_.emplace(index, now());
  next_ = next_after_start();
  if (next_) timer_.set(*next_);
  start_(index);
}

std::optional<TimePoint> HedgeRace::next_after_start() const {
  if (started_ >= attempts_max(policy_)) return std::nullopt;
  const std::optional<Duration> delay = delay_before(policy_, started_);
  if (!delay) return std::nullopt;
  return saturating_add(now(), std::max(*delay, Duration::zero()));
}

Error HedgeRace::error() const {
  std::vector<Error> errors;
  for (const auto& [index, error] : errors_) errors.push_back(error);
  const Error failures = Aggregate::reduce(Aggregate::make(std::move(errors)));
  return state_ == State::context_done ? ended_by(context_, failures) : failures;
}

}  // namespace detail
}  // namespace errand
