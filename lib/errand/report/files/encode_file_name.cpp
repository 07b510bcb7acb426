// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/encode_file_name.h"

#include <array>
#include <cstdint>
#include <cstdio>

#include "errand/base/escape_text.h"
#include "errand/base/fnv.h"
#include "errand/base/utf8.h"

namespace errand {
namespace {

// The last seven no Windows and no store of a CI system's artifacts takes.
constexpr std::string_view kNotInNames = "%#/\\:*?\"<>|";
constexpr std::size_t kDigestBytes = 17;  // "#" and 16 digits

bool stays(const Utf8Character& character, std::string_view text, bool first) {
  if (!character.valid || (first && text.front() == '.')) return false;
  if (character.code >= 0x80) return escape_text(text) == text;
  return character.code >= 0x20 && character.code != 0x7F &&
         kNotInNames.find(text.front()) == kNotInNames.npos;
}

void append_escaped(std::string& to, std::string_view bytes) {
  std::array<char, 4> text;
  for (const char byte : bytes) {
    std::snprintf(text.data(), text.size(), "%%%02X", static_cast<unsigned char>(byte));
    to += text.data();
  }
}

std::string digest(std::string_view text) {
  std::array<char, 20> digits;
  std::snprintf(digits.data(), digits.size(), "#%016llx",
                static_cast<unsigned long long>(fnv1a(text)));
  return digits.data();
}

}  // namespace

std::string encode_file_name(std::string_view name) {
  if (name.empty()) return "#";
  std::string made;
  std::size_t fits = 0;  // with a digest behind it
  std::string_view left = name;
  while (!left.empty() && made.size() <= kFileNameBytesMax) {
    const Utf8Character next = decode_utf8(left);
    const std::string_view bytes = left.substr(0, next.bytes);
    if (stays(next, bytes, made.empty())) {
      made += bytes;
    } else {
      append_escaped(made, bytes);
    }
    left.remove_prefix(next.bytes);
    if (made.size() + kDigestBytes <= kFileNameBytesMax) fits = made.size();
  }
  if (made.size() <= kFileNameBytesMax) return made;
  return made.substr(0, fits) + digest(name);
}

}  // namespace errand
