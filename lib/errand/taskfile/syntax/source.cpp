// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/source.h"

#include <algorithm>
#include <array>

namespace errand::task_file {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

enum class ByteClass : std::uint8_t { plain, control, del, multibyte };

constexpr std::array<ByteClass, 256> classify_bytes() {
  std::array<ByteClass, 256> classes{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) classes[byte] = ByteClass::control;
  for (const char allowed : {'\t', '\n', '\r'}) {
    classes[static_cast<unsigned char>(allowed)] = ByteClass::plain;
  }
  classes[0x7F] = ByteClass::del;
  for (std::size_t byte = 0x80; byte < 256; ++byte) classes[byte] = ByteClass::multibyte;
  return classes;
}
constexpr auto kByteClasses = classify_bytes();

ByteClass class_of(char c) { return kByteClasses[static_cast<unsigned char>(c)]; }

struct Character {
  std::uint32_t value = 0;
  std::size_t size = 0;  // 0: not UTF-8
};

// Refuses overlong forms, surrogates and values above U+10FFFF.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (size == 0 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t value = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::array<std::uint32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (value < smallest[size] || surrogate || value > 0x10FFFF) return {};
  return {value, size};
}

std::string hex(std::uint32_t value, std::size_t width) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (std::size_t i = width; i-- > 0;) text += digits[value >> (4 * i) & 15];
  return text;
}

std::string describe_control(std::uint32_t value) {
  if (value == 0) return "NUL byte; a task file is text in UTF-8";
  return "control character U+" + hex(value, 4) + "; write it as an escape in double quotes";
}

std::string describe_broken(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return "invalid UTF-8 (byte 0x" + hex(value, 2) + "); save the file as UTF-8";
}

// YAML 1.2 leaves these out of its character set; JSON does not.
bool allowed_in_yaml(std::uint32_t value) {
  return (value >= 0xA0 || value == 0x85) && value != 0xFFFE && value != 0xFFFF;
}

// Nothing when the character at `at` is fine; moves behind it then.
std::optional<std::string> invalid_byte_at(std::string_view text, std::size_t& at, Format format) {
  const char byte = text[at];
  const ByteClass kind = class_of(byte);
  if (kind == ByteClass::control || (kind == ByteClass::del && format == Format::yaml)) {
    return describe_control(static_cast<unsigned char>(byte));
  }
  if (kind != ByteClass::multibyte) {
    ++at;
    return {};
  }
  const Character character = decode(text.substr(at));
  if (character.size == 0) return describe_broken(byte);
  if (format == Format::yaml && !allowed_in_yaml(character.value)) {
    return describe_control(character.value);
  }
  at += character.size;
  return {};
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

}  // namespace

Source::Source(std::string_view text, std::uint32_t first_line)
    : text_(without_mark(text)), first_line_(first_line) {
  unsigned char seen = 0;
  for (const char c : text_) seen |= static_cast<unsigned char>(c);
  ascii_ = seen < 0x80;
  find_lines();
}

void Source::find_lines() {
  const bool only_lf = text_.find('\r') == std::string_view::npos;
  const std::string_view ends = only_lf ? "\n" : "\r\n";
  const auto next_end = [&](std::size_t from) {
    return only_lf ? text_.find('\n', from) : text_.find_first_of(ends, from);
  };
  for (std::size_t at = next_end(0); at != std::string_view::npos; at = next_end(at)) {
    at += text_.substr(at).starts_with("\r\n") ? 2 : 1;
    later_lines_.push_back(static_cast<Offset>(at));
  }
}

Position Source::position(Offset offset) const {
  const auto after = std::upper_bound(later_lines_.begin(), later_lines_.end(), offset);
  const Offset start = after == later_lines_.begin() ? 0 : *(after - 1);
  const auto line = static_cast<std::uint32_t>(after - later_lines_.begin());
  return {first_line_ + line, offset - start + 1};
}

std::optional<InvalidByte> find_invalid_byte(std::string_view text, Format format) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return InvalidByte{0, "the file is UTF-16; save it as UTF-8"};
  }
  text = without_mark(text);
  for (std::size_t at = 0; at < text.size();) {
    if (class_of(text[at]) == ByteClass::plain) {
      ++at;
    } else if (auto what = invalid_byte_at(text, at, format)) {
      return InvalidByte{static_cast<Offset>(at), std::move(*what)};
    }
  }
  return {};
}

}  // namespace errand::task_file
