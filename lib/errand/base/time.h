// SPDX-License-Identifier: Apache-2.0
//
// Durations as users write them ("250ms 10s 5m 1h30m") and the one clock that errand reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "errand/base/result.h"

namespace errand {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

// Arithmetic that ends at the largest and smallest value instead of overflowing. TimePoint::max()
// means never and Duration::max() means without end: both stay what they are whatever is added to
// or subtracted from them.
constexpr Duration saturating_add(Duration left, Duration right) {
  if (left == Duration::max() || right == Duration::max()) return Duration::max();
  Duration::rep sum = 0;
  if (!__builtin_add_overflow(left.count(), right.count(), &sum)) return Duration(sum);
  return left < Duration::zero() ? Duration::min() : Duration::max();
}

constexpr TimePoint saturating_add(TimePoint time, Duration delay) {
  return TimePoint(saturating_add(time.time_since_epoch(), delay));
}

// Returns left - right, and Duration::max() if `left` is without end.
constexpr Duration saturating_subtract(Duration left, Duration right) {
  if (left == Duration::max()) return Duration::max();
  Duration::rep difference = 0;
  if (!__builtin_sub_overflow(left.count(), right.count(), &difference))
    return Duration(difference);
  return left < Duration::zero() ? Duration::min() : Duration::max();
}

constexpr TimePoint saturating_subtract(TimePoint time, Duration delay) {
  return TimePoint(saturating_subtract(time.time_since_epoch(), delay));
}

// Returns the time from `start` to `end`, negative if `end` comes first.
constexpr Duration saturating_difference(TimePoint end, TimePoint start) {
  return saturating_subtract(end.time_since_epoch(), start.time_since_epoch());
}

constexpr Duration saturating_multiply(Duration duration, std::int64_t factor) {
  Duration::rep product = 0;
  if (!__builtin_mul_overflow(duration.count(), factor, &product)) return Duration(product);
  return (duration < Duration::zero()) == (factor < 0) ? Duration::max() : Duration::min();
}

// Rounds up to whole seconds. std::chrono::ceil<seconds>() overflows on its way back to Duration.
constexpr Duration saturating_ceil_seconds(Duration duration) {
  const Duration above = duration % std::chrono::seconds(1);
  if (above <= Duration::zero()) return duration - above;
  return saturating_add(duration - above, std::chrono::seconds(1));
}

// Rounds to the nearest microsecond. std::chrono::round<microseconds>() overflows near both ends.
constexpr std::chrono::microseconds saturating_round_microseconds(Duration duration) {
  constexpr Duration kFarthest = Duration::max() - std::chrono::microseconds(1);
  return std::chrono::round<std::chrono::microseconds>(std::clamp(duration, -kFarthest, kFarthest));
}

// Reads "1h30m", "250ms", "1.5s" or a bare number of seconds. Units: ns us ms s m h d. Not
// negative, at most 100 years. The error says what is wrong, without naming where the text came
// from.
Result<Duration> parse_duration(std::string_view text);

// "250ms", "2.5s", "20m", "1h30m": three significant digits below a minute, whole seconds above.
std::string format_duration(Duration duration);

}  // namespace errand
