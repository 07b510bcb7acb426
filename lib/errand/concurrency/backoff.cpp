// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/backoff.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace errand {
namespace {

// SplitMix64, and not a standard distribution: the same numbers from every standard library.
class UniformDraw {
 public:
  explicit UniformDraw(std::uint64_t seed) : state_(seed) {}
  double operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

double nanoseconds(Duration duration) {
  return static_cast<double>(std::chrono::nanoseconds(duration).count());
}

// Far below what overflows, far above what anybody waits for.
constexpr double kLongest = 1e18;

Duration duration_of(double ns) {
  const double bounded = std::clamp(ns, 0.0, kLongest);
  return std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(std::llround(bounded)));
}

}  // namespace

Error Backoff::check() const {
  if (initial < Duration::zero()) return Error::text("backoff: the initial delay is negative");
  if (max < initial) return Error::text("backoff: the longest delay is below the initial one");
  if (!std::isfinite(multiplier) || multiplier < 1) {
    return Error::text("backoff: the multiplier is not a number from 1 upwards");
  }
  if (!(spread >= 0 && spread <= 1))
    return Error::text("backoff: the spread is not between 0 and 1");
  return {};
}

BackoffSequence::BackoffSequence(Backoff backoff, std::uint64_t seed)
    : BackoffSequence(backoff, UniformDraw(seed)) {}

BackoffSequence::BackoffSequence(Backoff backoff, std::function<double()> draw)
    : backoff_(backoff),
      draw_(std::move(draw)),
      usable_(!backoff.check()),
      initial_(nanoseconds(backoff.initial)),
      max_(nanoseconds(backoff.max)) {}

void BackoffSequence::reset() { base_delay_ = 0; }

// Climbs one rung; stops counting at the cap, where further numbers could only overflow.
double BackoffSequence::next_base_delay() {
  if (base_delay_ == 0 || backoff_.growth == Growth::constant) {
    base_delay_ = initial_;
  } else if (base_delay_ < max_) {
    base_delay_ = backoff_.growth == Growth::linear ? base_delay_ + initial_
                                                    : base_delay_ * backoff_.multiplier;
  }
  base_delay_ = std::min(base_delay_, max_);
  return base_delay_;
}

Duration BackoffSequence::next() {
  if (!usable_) return Duration::zero();
  if (backoff_.jitter == Jitter::decorrelated) {
    const double previous = base_delay_ == 0 ? initial_ : base_delay_;
    base_delay_ = std::min(max_, initial_ + draw_() * (3 * previous - initial_));
    return duration_of(base_delay_);
  }
  const double rung = next_base_delay();
  switch (backoff_.jitter) {
    case Jitter::full:
      return duration_of(draw_() * rung);
    case Jitter::equal:
      return duration_of(rung / 2 + draw_() * rung / 2);
    case Jitter::proportional:
      return duration_of(rung * (1 - backoff_.spread + 2 * backoff_.spread * draw_()));
    case Jitter::none:
    case Jitter::decorrelated:
      break;
  }
  return duration_of(rung);
}

}  // namespace errand
