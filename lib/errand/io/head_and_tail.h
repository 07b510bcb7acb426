// SPDX-License-Identifier: Apache-2.0
//
// HeadAndTail: the beginning and the end of bytes that are too many to keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace errand {

// Keeps the first and the last `part_bytes` bytes of what is appended, and counts the others.
class HeadAndTail {
 public:
  static constexpr std::size_t kPartBytes = 1 << 20;

  explicit HeadAndTail(std::size_t part_bytes = kPartBytes) : part_bytes_(part_bytes) {}
  void append(std::string_view bytes);
  std::uint64_t left_out() const { return left_out_; }
  // What is kept, with a line between the two parts that says how many bytes are not.
  std::string text() const;

 private:
  std::size_t part_bytes_;
  std::string head_, tail_;
  std::size_t oldest_ = 0;  // in a full tail
  std::uint64_t left_out_ = 0;
};

}  // namespace errand
