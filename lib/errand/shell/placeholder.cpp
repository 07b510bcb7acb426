// SPDX-License-Identifier: Apache-2.0
#include "errand/shell/placeholder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace errand {
namespace {

// What is between the braces, by kind.
constexpr std::array<std::string_view, 7> kBodies = {"", ".", "/", "//", "/.", "#", "%"};
constexpr std::size_t kPositionDigitsMax = 6;

std::string_view base_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  const bool in_base =
      dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash);
  return in_base ? path.substr(0, dot) : path;
}

// As dirname(1) says it.
std::string_view folder_of(std::string_view path) {
  const auto trim = [](std::string_view text) {
    while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  path = trim(path);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return trim(path.substr(0, slash + 1));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands between two braces; `text` begins after the first. No value: it is no placeholder.
struct Body {
  Placeholder placeholder;
  std::size_t size = 0;
};
std::optional<Body> read_body(std::string_view text) {
  Body body;
  while (body.size < text.size() && body.size <= kPositionDigitsMax && is_digit(text[body.size]))
    ++body.size;
  if (body.size > kPositionDigitsMax) return std::nullopt;
  std::from_chars(text.data(), text.data() + body.size, body.placeholder.position);
  if (body.size > 0 && body.placeholder.position == 0) return std::nullopt;  // {0}
  const std::string_view rest = text.substr(body.size);
  for (std::size_t i = 0; i < kBodies.size(); ++i) {
    if (!rest.starts_with(kBodies[i]) || !rest.substr(kBodies[i].size()).starts_with('}')) continue;
    body.placeholder.kind = static_cast<Placeholder::Kind>(i);
    body.size += kBodies[i].size();
    const bool is_both = body.placeholder.position > 0 && body.placeholder.is_digits();
    return is_both ? std::nullopt : std::optional(body);
  }
  return std::nullopt;
}

bool is_in(Placeholder placeholder, PlaceholderSet set) {
  return set == PlaceholderSet::all || (placeholder.position == 0 && !placeholder.is_digits());
}

std::size_t count_leading(std::string_view text, char c) {
  return std::min(text.find_first_not_of(c), text.size());
}

}  // namespace

std::string to_string(Placeholder placeholder) {
  const std::string position =
      placeholder.position > 0 ? std::to_string(placeholder.position) : std::string();
  return "{" + position + std::string(kBodies[static_cast<std::size_t>(placeholder.kind)]) + "}";
}

TemplateWord read_template_word(std::string_view word, PlaceholderSet set) {
  TemplateWord read;
  std::string& text = read.text;
  text.reserve(word.size());
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t next = std::min(word.find('{', at), word.size());
    text += word.substr(at, next - at);
    at = next;
    if (at == word.size()) break;
    const std::size_t opens = count_leading(word.substr(at), '{');
    const bool is_after_dollar = at > 0 && word[at - 1] == '$' && opens == 1;
    const std::optional<Body> body = read_body(word.substr(at + opens));
    if (!body || is_after_dollar || !is_in(body->placeholder, set)) {
      text.append(opens, '{');
      at += opens;
      continue;
    }
    const std::size_t end = at + opens + body->size;
    const std::size_t doubled = std::min(opens, count_leading(word.substr(end), '}'));
    const std::string_view inner = word.substr(at + opens, body->size);
    text.append(opens - doubled, '{');
    if (doubled == 1) {
      read.placeholders.push_back({text.size(), body->size + 2, body->placeholder});
      text.append("{").append(inner).append("}");
    } else {
      text.append(doubled - 1, '{').append(inner).append(doubled - 1, '}');
    }
    at = end + doubled;
  }
  return read;
}

bool has_implicit_placeholder(std::string_view word) {
  return !read_template_word(word, PlaceholderSet::implicit).placeholders.empty();
}

std::string find_foreign_placeholder(std::string_view word) {
  constexpr std::array<std::string_view, 7> kForeign = {"{..}",  "{...}", "{+/}", "{+.}",
                                                        "{+..}", "{##}",  "{:}"};
  for (std::size_t at = 0; (at = word.find('{', at)) != std::string_view::npos; ++at) {
    const std::string_view rest = word.substr(at);
    if (at > 0 && (word[at - 1] == '$' || word[at - 1] == '{')) continue;
    for (const std::string_view foreign : kForeign) {
      if (rest.starts_with(foreign)) return std::string(foreign);
    }
    const std::size_t end = rest.find("=}");
    if (rest.starts_with("{=") && end != std::string_view::npos && end > 1)
      return std::string(rest.substr(0, end + 2));
  }
  return {};
}

std::string value_of(Placeholder::Kind kind, std::string_view value) {
  switch (kind) {
    case Placeholder::Kind::whole:
      return std::string(value);
    case Placeholder::Kind::no_extension:
      return std::string(without_extension(value));
    case Placeholder::Kind::base:
      return std::string(base_of(value));
    case Placeholder::Kind::folder:
      return std::string(folder_of(value));
    case Placeholder::Kind::stem:
      return std::string(without_extension(base_of(value)));
    case Placeholder::Kind::number:
    case Placeholder::Kind::slot:
      break;
  }
  std::unreachable();
}

}  // namespace errand
