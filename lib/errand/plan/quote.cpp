// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/quote.h"

namespace errand::task_file {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool continues_character(unsigned char byte) { return (byte & 0xC0) == 0x80; }

void append_hex(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

void append_control(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_hex(out, byte);
  }
}

}  // namespace

std::string escape(std::string_view text, std::size_t bytes_max) {
  const bool cut = text.size() > bytes_max;
  if (cut) {
    while (bytes_max > 0 && continues_character(byte_at(text, bytes_max))) --bytes_max;
    text = text.substr(0, bytes_max);
  }
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = byte_at(text, i);
    const unsigned char next = byte_at(text, i + 1);
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // C1: terminals obey U+009B as ESC [
      append_hex(out, next);
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      append_control(out, byte);
    } else {
      out += static_cast<char>(byte);
    }
  }
  return cut ? out + "..." : out;
}

std::string quote(std::string_view text) { return '"' + escape(text, kQuotedBytesMax) + '"'; }

}  // namespace errand::task_file
