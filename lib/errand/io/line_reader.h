// SPDX-License-Identifier: Apache-2.0
//
// LineReader: the lines of a log, which may be any file: damaged, of somebody else, without an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "errand/io/unique_fd.h"

namespace errand {

class LineReader {
 public:
  static constexpr std::size_t kLineBytesMax = 64 << 10;  // longer ones are left out

  // Reads no more than `bytes_max`. What is no regular file, or cannot be read, has no lines.
  LineReader(const std::string& path, std::uint64_t bytes_max);
  // Without its end, valid until the next call. None: no whole line is left. Never waits.
  std::optional<std::string_view> next();
  std::uint64_t bytes() const { return bytes_; }  // read so far

 private:
  bool read_more();

  UniqueFd file_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;  // in the buffer: where the next line begins
  bool too_long_ = false;
};

}  // namespace errand
