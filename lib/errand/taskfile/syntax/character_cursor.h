// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

// Finds the byte where a character stands. libyaml counts characters; problems count bytes. Cheap
// when it is asked for places near the last one.
class CharacterCursor {
 public:
  explicit CharacterCursor(const Source& source) : source_(source) {}

  // At most the end of the source.
  Offset offset_of(std::size_t character) {
    const std::size_t size = source_.text().size();
    if (source_.is_ascii()) return static_cast<Offset>(character < size ? character : size);
    while (character_ < character && byte_ < size) step_forward();
    while (character_ > character && byte_ > 0) step_back();
    return static_cast<Offset>(byte_);
  }

 private:
  bool is_start(std::size_t byte) const {
    const std::string_view text = source_.text();
    return byte >= text.size() || (static_cast<unsigned char>(text[byte]) & 0xC0) != 0x80;
  }
  void step_forward() {
    do ++byte_;
    while (!is_start(byte_));
    ++character_;
  }
  void step_back() {
    do --byte_;
    while (!is_start(byte_));
    --character_;
  }

  const Source& source_;
  std::size_t character_ = 0;
  std::size_t byte_ = 0;
};

}  // namespace errand::task_file
