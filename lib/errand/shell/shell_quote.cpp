// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_quote.h"

#include <algorithm>

#include "errand/base/escape_text.h"

namespace errand {
namespace {

// Means itself to every shell.
bool is_safe(char c) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";
  return kSafe.find(c) != kSafe.npos;
}

}  // namespace

std::string shell_quote(std::string_view word) {
  std::string quoted = "'";
  while (!word.empty()) {
    const std::size_t end = std::min(word.find('\''), word.size());
    quoted += word.substr(0, end);
    word.remove_prefix(end);
    const std::size_t quotes = std::min(word.find_first_not_of('\''), word.size());
    if (quotes == 1) quoted += "'\\''";
    // Many in a row would become four times as long.
    if (quotes > 1) quoted.append("'\"").append(word.substr(0, quotes)).append("\"'");
    word.remove_prefix(quotes);
  }
  return quoted + "'";
}

std::string shell_quote_if_needed(std::string_view word) {
  const bool is_plain = !word.empty() && std::ranges::all_of(word, is_safe);
  return is_plain ? std::string(word) : shell_quote(word);
}

std::string printable_shell_quote(std::string_view word) {
  const std::string within_line = "x" + std::string(word);  // the word begins no line
  if (escape_text(within_line) == within_line) return shell_quote_if_needed(word);
  std::string quoted = "$'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_safe(c) || c == ' ') {
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else {  // three digits, so that a digit after it stays one
      quoted += {'\\', static_cast<char>('0' + byte / 64), static_cast<char>('0' + byte / 8 % 8),
                 static_cast<char>('0' + byte % 8)};
    }
  }
  return quoted + "'";
}

}  // namespace errand
