// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace errand {

struct Utf8Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The first character of `text`, which is not empty; a byte that begins none is not valid.
Utf8Character decode_utf8(std::string_view text);

// `text` with U+FFFD for each byte that belongs to no character.
std::string valid_utf8(std::string_view text);

}  // namespace errand
