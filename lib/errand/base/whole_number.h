// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace errand {

// A decimal number that is the whole of `text` and fits; nothing else may stand there, not even a
// plus sign.
template <class T>
std::optional<T> parse_whole_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace errand
