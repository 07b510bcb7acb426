// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/shell_quote.h"

#include <algorithm>

namespace errand {

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
  constexpr std::string_view safe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";
  const bool is_safe = !word.empty() && word.find_first_not_of(safe) == std::string_view::npos;
  return is_safe ? std::string(word) : shell_quote(word);
}

}  // namespace errand
