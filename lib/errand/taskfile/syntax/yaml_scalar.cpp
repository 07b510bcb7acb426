// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/yaml_scalar.h"

#include <algorithm>
#include <array>

namespace errand::task_file {
namespace {

bool is_one_of(std::string_view text, auto... words) { return ((text == words) || ...); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool all(std::string_view text, bool (*accepts)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), accepts);
}

// Removes the digits in front; tells how many they were.
std::size_t take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool take_one_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_decimal(std::string_view text) {
  take_one_of(text, "+-");
  const std::size_t whole = take_digits(text);
  const std::size_t fraction = take_one_of(text, ".") ? take_digits(text) : 0;
  if (whole + fraction == 0) return false;
  if (!take_one_of(text, "eE")) return text.empty();
  take_one_of(text, "+-");
  return take_digits(text) > 0 && text.empty();
}

bool is_special_float(std::string_view text) {
  if (is_one_of(text, ".nan", ".NaN", ".NAN")) return true;
  take_one_of(text, "+-");
  return is_one_of(text, ".inf", ".Inf", ".INF");
}

bool is_number(std::string_view text) {
  if (text.starts_with("0x")) return all(text.substr(2), is_hex);
  if (text.starts_with("0o")) return all(text.substr(2), is_octal);
  return is_decimal(text) || is_special_float(text);
}

}  // namespace

NodeKind resolve_plain_scalar(std::string_view text) {
  if (is_one_of(text, "", "~", "null", "Null", "NULL")) return NodeKind::null;
  if (is_one_of(text, "true", "True", "TRUE", "false", "False", "FALSE")) return NodeKind::boolean;
  return is_number(text) ? NodeKind::number : NodeKind::text;
}

}  // namespace errand::task_file
