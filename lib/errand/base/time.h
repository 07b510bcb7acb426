// SPDX-License-Identifier: Apache-2.0
//
// Durations as users write them ("250ms 10s 5m 1h30m") and the one clock that errand reads.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "errand/base/result.h"

namespace errand {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

// Reads "1h30m", "250ms", "1.5s" or a bare number of seconds. Units: ns us ms s m h d. Not
// negative, at most 100 years. The error says what is wrong, without naming where the text came
// from.
Result<Duration> parse_duration(std::string_view text);

// "250ms", "2.5s", "20m", "1h30m": three significant digits below a minute, whole seconds above.
std::string format_duration(Duration duration);

}  // namespace errand
