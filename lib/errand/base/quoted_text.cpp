// SPDX-License-Identifier: Apache-2.0
#include "errand/base/quoted_text.h"

#include "errand/base/escape_text.h"

namespace errand::task_file {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string escape(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return escape_text(text);
  while (bytes_max > 0 && continues_character(text[bytes_max])) --bytes_max;
  return escape_text(text.substr(0, bytes_max)) + "...";
}

std::string quote(std::string_view text) { return '"' + escape(text, kQuotedBytesMax) + '"'; }

}  // namespace errand::task_file
