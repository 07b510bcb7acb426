// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/spelling.h"

#include <algorithm>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"

namespace errand::task_file {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

std::string to_snake_case(std::string_view word) {
  std::string snake;
  for (const char c : word) {
    if (is_upper(c) && !snake.empty() && snake.back() != '_') snake += '_';
    snake += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c == '-' ? '_' : c;
  }
  return snake;
}

bool is_spelling_of(std::string_view word, std::string_view name) {
  return std::ranges::equal(word, name,
                            [](char a, char b) { return a == b || (a == '-' && b == '_'); });
}

std::string describe_unknown_key(std::string_view word, std::span<const std::string_view> known,
                                 std::string_view otherwise) {
  const std::string snake = to_snake_case(word.substr(0, kQuotedBytesMax));
  const std::string unknown = "unknown key " + quote(word);
  if (std::ranges::find(known, snake) != known.end()) {
    return unknown + ", write \"" + snake + '"';
  }
  const std::string near = nearest(snake, known);
  if (near.empty()) return unknown + std::string(otherwise);
  return unknown + ", did you mean \"" + near + "\"?";
}

std::string join_names(std::span<const std::string_view> names) {
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) joined += i + 1 == names.size() ? " or " : ", ";
    joined += names[i];
  }
  return joined;
}

}  // namespace errand::task_file
