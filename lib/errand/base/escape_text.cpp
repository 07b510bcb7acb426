// SPDX-License-Identifier: Apache-2.0
#include "errand/base/escape_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "errand/base/utf8.h"

namespace errand {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& r) { return code >= r.first && code <= r.last; });
}

// C0, DEL and C1; marks, embeddings, overrides and isolates of direction; separators of lines.
constexpr std::array<Range, 7> kSteering = {{{0, 0x1F},
                                             {0x7F, 0x9F},
                                             {0x61C, 0x61C},
                                             {0x200E, 0x200F},
                                             {0x2028, 0x202E},
                                             {0x2066, 0x2069},
                                             {0xFEFF, 0xFEFF}}};
constexpr std::array<Range, 6> kCombining = {{{0x300, 0x36F},
                                              {0x200B, 0x200D},
                                              {0x1AB0, 0x1AFF},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F},
                                              {0xFE20, 0xFE2F}}};
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1F9FF},
                                         {0x20000, 0x3FFFD}}};

void append_escape(std::string& to, const Utf8Character& character, unsigned char byte) {
  std::array<char, 16> text;
  switch (character.valid ? character.code : 0) {
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    case 0x1B:
      to += "\\e";
      return;
    default:
      break;
  }
  const bool as_byte = !character.valid || character.code < 0x80;
  std::snprintf(text.data(), text.size(), as_byte ? "\\x%02x" : "\\u{%x}",
                as_byte ? byte : static_cast<unsigned>(character.code));
  to += text.data();
}

std::string escape(std::string_view text, bool keep_tabs) {
  std::string escaped;
  escaped.reserve(text.size());
  const auto is_plain = [](char byte) { return byte >= ' ' && byte < 0x7F; };
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    escaped += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8Character next = decode_utf8(text);
    const bool tab = keep_tabs && text.front() == '\t';
    if (tab || (next.valid && !contains(kSteering, next.code))) {
      escaped += text.substr(0, next.bytes);
    } else {
      append_escape(escaped, next, static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(next.bytes);
  }
  return escaped;
}

std::size_t columns_of(const Utf8Character& character) {
  if (!character.valid) return 1;
  return contains(kCombining, character.code) ? 0 : contains(kWide, character.code) ? 2 : 1;
}

bool between(char c, char first, char last) { return c >= first && c <= last; }

// How long the escape sequence at the beginning of `text` is; ECMA-48. Cut off: all of it.
std::size_t sequence_size(std::string_view text) {
  if (text.size() < 2) return text.size();
  const char kind = text[1];
  std::size_t at = 2;
  if (kind == '[') {
    while (at < text.size() && between(text[at], 0x20, 0x3F)) ++at;
    return std::min(at + 1, text.size());
  }
  if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
    for (; at < text.size(); ++at) {
      if (text[at] == '\a') return at + 1;
      if (text[at] == 0x1B) return std::min(at + 2, text.size());
    }
    return text.size();
  }
  at = 1;
  while (at < text.size() && between(text[at], 0x20, 0x2F)) ++at;
  return std::min(at + 1, text.size());
}

std::string without_sequences(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\x1b'), text.size());
    kept += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(sequence_size(text));
  }
  return kept;
}

// Commands of CI systems are text too: GitHub's `::` begins a line, the others may stand anywhere.
std::string disarm(std::string text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin != text.npos && text.compare(begin, 2, "::") == 0) text.replace(begin, 1, "\\x3a");
  for (std::size_t at = 0; (at = text.find("##", at)) != text.npos; ++at) {
    const std::string_view rest = std::string_view(text).substr(at + 2);
    const bool command =
        rest.starts_with("[") || rest.starts_with("vso[") || rest.starts_with("teamcity[");
    if (command) text.replace(at, 1, "\\x23");
  }
  return text;
}

}  // namespace

std::string escape_text(std::string_view text) { return disarm(escape(text, false)); }

std::string plain_line(std::string_view line) {
  const std::string kept = without_sequences(line);
  std::string_view last = kept;
  while (!last.empty() && last.back() == '\r') last.remove_suffix(1);
  if (const auto rewritten = last.rfind('\r'); rewritten != last.npos) {
    last.remove_prefix(rewritten + 1);
  }
  return disarm(escape(last, true));
}

std::size_t text_columns(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Utf8Character next = decode_utf8(text);
    columns += columns_of(next);
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::string shorten(std::string_view text, std::size_t columns) {
  if (text.size() <= columns || text_columns(text) <= columns) return std::string(text);
  std::size_t kept = 0, used = 0;
  while (kept < text.size()) {
    const Utf8Character next = decode_utf8(text.substr(kept));
    used += columns_of(next);
    if (used + 1 > columns) break;
    kept += next.bytes;
  }
  return std::string(text.substr(0, kept)) + "…";
}

}  // namespace errand
