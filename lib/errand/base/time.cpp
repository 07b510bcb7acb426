// SPDX-License-Identifier: Apache-2.0
#include "errand/base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace errand {
namespace {

// Nanoseconds, so that each unit is a whole number and whole amounts stay exact.
struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr double kSecond = 1e9;
constexpr std::array<Unit, 7> kUnits = {{{"ns", 1},
                                         {"us", 1e3},
                                         {"ms", 1e6},
                                         {"s", kSecond},
                                         {"m", 60 * kSecond},
                                         {"h", 3600 * kSecond},
                                         {"d", 86400 * kSecond}}};
constexpr double kMax = 100.0 * 366 * 86400 * kSecond;

bool is_digit(char c) { return (c >= '0' && c <= '9') || c == '.'; }

Error bad_duration(std::string_view text) {
  return Error::text("'" + std::string(text) +
                     "' is not a duration; write it as 250ms, 10s, 5m or 1h30m");
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  double nanoseconds = 0;
  std::string_view rest = text;
  if (rest.empty()) return std::unexpected(bad_duration(text));
  while (!rest.empty()) {
    double value = 0;
    if (!is_digit(rest.front())) return std::unexpected(bad_duration(text));
    const auto [end, failed] =
        std::from_chars(rest.data(), rest.data() + rest.size(), value, std::chars_format::fixed);
    if (failed != std::errc()) return std::unexpected(bad_duration(text));
    const bool first = rest.size() == text.size();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    const auto unit =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == name; });
    const bool bare_seconds = name.empty() && first && rest.empty();
    if (unit == kUnits.end() && !bare_seconds) return std::unexpected(bad_duration(text));
    nanoseconds += value * (bare_seconds ? kSecond : unit->nanoseconds);
  }
  if (!(nanoseconds <= kMax)) {
    return std::unexpected(Error::text("'" + std::string(text) + "' is longer than 100 years"));
  }
  return std::chrono::nanoseconds(std::llround(nanoseconds));
}

std::string format_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::array<char, 64> text;
  const auto print = [&](const char* format, auto... values) {
    const int size = std::snprintf(text.data(), text.size(), format, values...);
    return std::string(text.data(), static_cast<std::size_t>(size));
  };
  if (seconds < 0.9995e-3) return seconds <= 0 ? "0s" : print("%.3gus", seconds * 1e6);
  if (seconds < 0.9995) return print("%.3gms", seconds * 1e3);
  if (seconds < 59.95) return print("%.3gs", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  std::string parts;
  const auto add = [&parts](std::int64_t value, char unit) {
    if (value != 0) parts += std::to_string(value) + unit;
  };
  add(whole / 3600, 'h');
  add(whole / 60 % 60, 'm');
  add(whole % 60, 's');
  return parts;
}

}  // namespace errand
