// SPDX-License-Identifier: Apache-2.0
#include "errand/events/json_text.h"

#include <time.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "errand/base/utf8.h"

namespace errand {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

void append_control(std::string& to, char c) {
  constexpr std::string_view kNamed = "\b\t\n\f\r\"\\";
  constexpr std::string_view kLetters = "btnfr\"\\";
  if (const auto at = kNamed.find(c); at != kNamed.npos) {
    to += '\\';
    to += kLetters[at];
    return;
  }
  std::array<char, 8> escape;
  const int size = std::snprintf(escape.data(), escape.size(), "\\u%04x", c);
  to.append(escape.data(), static_cast<std::size_t>(size));
}

void append_escaped(std::string& to, std::string_view text) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    to.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t size = 1;
    if (byte < 0x80) {
      append_control(to, text.front());
    } else if (const Utf8Character next = decode_utf8(text); next.valid) {
      to.append(text.substr(0, next.bytes));
      size = next.bytes;
    } else {
      to.append(kReplacement);
    }
    text.remove_prefix(size);
  }
}

}  // namespace

std::string rfc3339(WallTime time) {
  using std::chrono::floor;
  const auto milliseconds = floor<std::chrono::milliseconds>(time);
  const auto whole = floor<std::chrono::seconds>(milliseconds);
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&since_epoch, &parts);
  std::array<char, 40> text;
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                static_cast<int>((milliseconds - whole).count() % 1000));
  return std::string(text.data(), size) + fraction.data();
}

// In one step: a report has many keys.
JsonText& JsonText::key(std::string_view name) {
  const std::size_t before = to_.size();
  to_.resize_and_overwrite(before + name.size() + 4, [&](char* text, std::size_t) {
    char* at = text + before;
    if (comma_) *at++ = ',';
    *at++ = '"';
    at += name.copy(at, name.size());
    *at++ = '"';
    *at++ = ':';
    return at - text;
  });
  comma_ = false;
  return *this;
}

JsonText& JsonText::value(std::string_view text) {
  separate();
  to_ += '"';
  append_escaped(to_, text);
  to_ += '"';
  return *this;
}

// "1.25", "0.0".
JsonText& JsonText::value(Duration seconds) {
  separate();
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t micros = saturating_round_microseconds(seconds).count();
  const std::int64_t size = micros < 0 ? -micros : micros;
  std::array<char, 48> text;
  char* end = text.data();
  if (micros < 0) *end++ = '-';
  end = std::to_chars(end, text.data() + text.size(), size / kMillion).ptr;
  char* const point = end;
  end = std::to_chars(end, text.data() + text.size(), kMillion + size % kMillion).ptr;
  *point = '.';  // in place of the digit that kept the zeros
  while (end > point + 2 && end[-1] == '0') --end;
  to_.append(text.data(), end);
  return *this;
}

JsonText& JsonText::raw(std::string_view json) {
  separate();
  to_ += json;
  return *this;
}

JsonText& JsonText::begin(char bracket) {
  separate();
  to_ += bracket;
  comma_ = false;
  return *this;
}

JsonText& JsonText::end(char bracket) {
  to_ += bracket;
  comma_ = true;
  return *this;
}

void JsonText::separate() {
  if (comma_) to_ += ',';
  comma_ = true;
}

}  // namespace errand
