// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/circuit_breaker.h"

#include <algorithm>

namespace errand {

const Error CircuitOpen = Error::text("the circuit is open");

std::string_view to_string(CircuitState state) {
  switch (state) {
    case CircuitState::closed:
      return "closed";
    case CircuitState::open:
      return "open";
    case CircuitState::half_open:
      return "half-open";
  }
  return "";
}

Error BreakerOptions::check() const {
  constexpr std::size_t kMost = 100'000;
  if (failures < 1 || failures > kMost || successes < 1 || successes > kMost) {
    return Error::text("circuit breaker: failures and successes are not between 1 and 100000");
  }
  if (window > kMost || (window > 0 && window < failures)) {
    return Error::text("circuit breaker: the window is not between failures and 100000");
  }
  if (trials > kMost || (trials > 0 && trials < successes)) {
    return Error::text("circuit breaker: the trials are not between successes and 100000");
  }
  if (delay < Duration::zero()) return Error::text("circuit breaker: the delay is negative");
  return {};
}

CircuitBreaker::CircuitBreaker(const Runtime& runtime, BreakerOptions options)
    : runtime_(runtime), options_(std::move(options)) {}

CircuitState CircuitBreaker::state() const {
  return state_ == CircuitState::open && delay_over() ? CircuitState::half_open : state_;
}

Result<CircuitBreaker::Permit> CircuitBreaker::try_acquire() {
  if (Error wrong = check()) return std::unexpected(std::move(wrong));
  if (state() != state_) change(CircuitState::half_open);
  if (state_ == CircuitState::open) return std::unexpected(CircuitOpen);
  if (state_ == CircuitState::half_open) {
    if (trials_out_ >= trials()) return std::unexpected(CircuitOpen);
    ++trials_out_;
  }
  return Permit(*this, generation_);
}

void CircuitBreaker::Permit::end(CallReport report) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (!breaker || breaker->generation_ != generation_) return;
  if (breaker->state_ == CircuitState::half_open) --breaker->trials_out_;
  if (report != CallReport::none) breaker->record(report == CallReport::success);
}

CircuitBreaker::CallResult CircuitBreaker::classify(const Context& context,
                                                    const Error& error) const {
  if (!error) return CallResult::success;
  if (context.err() == Canceled && error.is(Canceled)) return CallResult::neutral;
  const bool failure = !options_.is_failure || options_.is_failure(error);
  return failure ? CallResult::failure : CallResult::success;
}

void CircuitBreaker::record(bool success) {
  ++(success ? successes_ : failures_);
  if (state_ == CircuitState::closed) {
    record_closed(success);
  } else {
    record_trial();
  }
}

void CircuitBreaker::record_closed(bool success) {
  results_.push_back(success);
  if (results_.size() > window()) {
    --(results_.front() ? successes_ : failures_);
    results_.pop_front();
  }
  if (failures_ >= options_.failures) change(CircuitState::open);
}

void CircuitBreaker::record_trial() {
  if (successes_ >= options_.successes) {
    change(CircuitState::closed);
  } else if (failures_ > trials() - options_.successes) {
    change(CircuitState::open);
  }
}

void CircuitBreaker::change(CircuitState to) {
  const CircuitState from = std::exchange(state_, to);
  ++generation_;
  results_.clear();
  successes_ = failures_ = trials_out_ = 0;
  if (to == CircuitState::open) open_until_ = saturating_add(runtime_.now(), options_.delay);
  if (options_.on_change) options_.on_change(from, to);
}

}  // namespace errand
