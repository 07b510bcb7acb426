// SPDX-License-Identifier: Apache-2.0
#include "errand/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.h"

namespace errand {
namespace {

using namespace std::chrono_literals;

Duration parsed(std::string_view text) {
  const Result<Duration> found = parse_duration(text);
  INFO(text);
  REQUIRE(found.has_value());
  return *found;
}

std::string complaint(std::string_view text) {
  const Result<Duration> found = parse_duration(text);
  return found ? "accepted" : found.error().message();
}

TEST_CASE("a duration is a number and a unit") {
  CHECK(parsed("7ns") == 7ns);
  CHECK(parsed("250us") == 250us);
  CHECK(parsed("250ms") == 250ms);
  CHECK(parsed("10s") == 10s);
  CHECK(parsed("5m") == 5min);
  CHECK(parsed("2h") == 2h);
  CHECK(parsed("3d") == 72h);
}

TEST_CASE("a bare number is seconds") {
  CHECK(parsed("0") == 0s);
  CHECK(parsed("90") == 90s);
  CHECK(parsed("1.5") == 1500ms);
}

TEST_CASE("parts of a duration add up") {
  CHECK(parsed("1h30m") == 90min);
  CHECK(parsed("1d2h3m4s5ms") == 26h + 3min + 4s + 5ms);
  CHECK(parsed("0.5h0.5m") == 30min + 30s);
}

TEST_CASE("a fraction may start or end with the point") {
  CHECK(parsed(".5s") == 500ms);
  CHECK(parsed("2.s") == 2s);
}

TEST_CASE("whole amounts of every unit are exact") {
  std::int64_t wrong = 0;
  for (std::int64_t n = 0; n < 20'000; ++n) {
    const std::string number = std::to_string(n);
    wrong += parsed(number + "ns") != std::chrono::nanoseconds(n);
    wrong += parsed(number + "us") != std::chrono::microseconds(n);
    wrong += parsed(number + "ms") != std::chrono::milliseconds(n);
    wrong += parsed(number + "s") != std::chrono::seconds(n);
    wrong += parsed(number + "m") != std::chrono::minutes(n);
  }
  CHECK(wrong == 0);
}

TEST_CASE("decimal fractions of a second are rounded, not cut") {
  std::int64_t wrong = 0;
  for (std::int64_t n = 0; n < 10'000; ++n) {
    std::string fraction = std::to_string(10'000 + n).substr(1);
    wrong += parsed("3." + fraction + "s") != 3s + std::chrono::microseconds(n * 100);
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is not a duration is refused with an example of one") {
  for (const std::string_view text :
       {"",   " ",   "s",    "-1s",   "+1s",  "1 s",   " 1s",    "1s ",
        "1x", "1S",  "1sec", "1h30",  "1e3s", "1..5s", "1.5.5s", ".",
        "..", "inf", "nan",  "0x10s", "1,5s", "1s,2s", "ten",    "1h-5m"}) {
    const std::string expected =
        "'" + std::string(text) + "' is not a duration; write it as 250ms, 10s, 5m or 1h30m";
    CHECK(complaint(text) == expected);
  }
}

TEST_CASE("a duration is at most 100 years") {
  CHECK(parsed("36600d") == 24h * 36600);
  CHECK(complaint("36601d") == "'36601d' is longer than 100 years");
  CHECK(complaint("99999999999999999999") == "'99999999999999999999' is longer than 100 years");
  CHECK(complaint("36600d1ms") == "'36600d1ms' is longer than 100 years");
}

TEST_CASE("durations print with three significant digits below a minute") {
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(-1s) == "0s");
  CHECK(format_duration(1ns) == "0.001us");
  CHECK(format_duration(250us) == "250us");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(2500ms) == "2.5s");
  CHECK(format_duration(12'345ms) == "12.3s");
}

TEST_CASE("durations of a minute and more print in whole seconds") {
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(60s) == "1m");
  CHECK(format_duration(3600s) == "1h");
  CHECK(format_duration(3605s) == "1h5s");
  CHECK(format_duration(26h + 3min + 4600ms) == "26h3m5s");
}

TEST_CASE("a duration that rounds up to the next unit prints in that unit") {
  CHECK(format_duration(999'400ns) == "999us");
  CHECK(format_duration(999'900ns) == "1ms");
  CHECK(format_duration(999'400us) == "999ms");
  CHECK(format_duration(999'900us) == "1s");
  CHECK(format_duration(59'940ms) == "59.9s");
  CHECK(format_duration(59'990ms) == "1m");
  CHECK(format_duration(3599'900ms) == "1h");
}

TEST_CASE("what is printed can be read again") {
  for (Duration d = 1ns; d < 100h; d = d * 3 / 2 + 1ns) {
    const std::string text = format_duration(d);
    INFO(text);
    const Duration read = parsed(text);
    CHECK(format_duration(read) == text);
  }
}

constexpr Duration kForever = Duration::max();
constexpr TimePoint kNever = TimePoint::max();
constexpr TimePoint kEarliest = TimePoint::min();

TEST_CASE("sums of ordinary times are exact") {
  CHECK(saturating_add(2s, -3s) == -1s);
  CHECK(saturating_add(TimePoint(1s), 2s) == TimePoint(3s));
  CHECK(saturating_subtract(TimePoint(1s), 2s) == TimePoint(-1s));
  CHECK(saturating_difference(TimePoint(1s), TimePoint(3s)) == -2s);
  CHECK(saturating_multiply(-2s, 3) == -6s);
}

TEST_CASE("a sum that is too large ends at the largest time, one too small at the smallest") {
  CHECK(saturating_add(kForever - 1s, 2s) == kForever);
  CHECK(saturating_add(Duration::min() + 1s, -2s) == Duration::min());
  CHECK(saturating_add(kNever - 1s, 1h) == kNever);
  CHECK(saturating_add(kEarliest + 1s, -1h) == kEarliest);
}

TEST_CASE(
    "a difference that is too large ends at the largest time, one too small at the smallest") {
  CHECK(saturating_subtract(kForever - 1s, -1h) == kForever);
  CHECK(saturating_subtract(-2s, kForever) == Duration::min());
  CHECK(saturating_subtract(TimePoint(-2s), kForever) == kEarliest);
  CHECK(saturating_subtract(TimePoint(2s), Duration::min()) == kNever);
  CHECK(saturating_difference(TimePoint(2s), kEarliest) == kForever);
  CHECK(saturating_difference(TimePoint(-2s), kNever) == Duration::min());
}

TEST_CASE("a product that is too large ends at the largest time, one too small at the smallest") {
  CHECK(saturating_multiply(24h, 1'000'000'000) == kForever);
  CHECK(saturating_multiply(-24h, -1'000'000'000) == kForever);
  CHECK(saturating_multiply(24h, -1'000'000'000) == Duration::min());
  CHECK(saturating_multiply(-24h, 1'000'000'000) == Duration::min());
}

TEST_CASE("never and without end stay what they are") {
  for (const Duration other : {Duration(-1h), Duration::zero(), Duration(1h), Duration::min()}) {
    CHECK(saturating_add(kForever, other) == kForever);
    CHECK(saturating_add(other, kForever) == kForever);
    CHECK(saturating_subtract(kForever, other) == kForever);
    CHECK(saturating_add(kNever, other) == kNever);
    CHECK(saturating_add(TimePoint(other), kForever) == kNever);
    CHECK(saturating_subtract(kNever, other) == kNever);
    CHECK(saturating_difference(kNever, TimePoint(other)) == kForever);
  }
}

TEST_CASE("rounding does not overflow at the ends") {
  CHECK(saturating_ceil_seconds(1001ms) == 2s);
  CHECK(saturating_ceil_seconds(2s) == 2s);
  CHECK(saturating_ceil_seconds(-1500ms) == -1s);
  CHECK(saturating_ceil_seconds(kForever) == kForever);
  CHECK(saturating_round_microseconds(1500ns) == 2us);
  CHECK(saturating_round_microseconds(-1499ns) == -1us);
  CHECK(saturating_round_microseconds(kForever) > 24h * 366 * 290);
  CHECK(saturating_round_microseconds(Duration::min()) < -24h * 366 * 290);
}

}  // namespace
}  // namespace errand
