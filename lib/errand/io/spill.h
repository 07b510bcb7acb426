// SPDX-License-Identifier: Apache-2.0
//
// Bytes that have to wait: in memory up to a limit, then in a file that has no name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errand/base/result.h"
#include "errand/io/unique_fd.h"

namespace errand {

// What the buffers of a run share: how much memory they use together, and one file for the rest, so
// that thousands of waiting buffers cost one descriptor. The file is unlinked from the start, mode
// 0600: nothing stays behind however errand ends. Outlives the buffers.
class SpillSpace {
 public:
  static constexpr std::size_t kBufferBytesMax = 8 << 20;  // of one buffer, in memory
  static constexpr std::size_t kTotalBytesMax = 64 << 20;  // of all of them
  static constexpr std::size_t kPartBytes = 1 << 18;       // of the file, given to one buffer

  explicit SpillSpace(std::string folder, std::size_t buffer_bytes_max = kBufferBytesMax,
                      std::size_t total_bytes_max = kTotalBytesMax)
      : folder_(std::move(folder)),
        buffer_bytes_max_(buffer_bytes_max),
        total_bytes_max_(total_bytes_max) {}
  SpillSpace(const SpillSpace&) = delete;
  SpillSpace& operator=(const SpillSpace&) = delete;

  std::size_t bytes_in_memory() const { return bytes_; }

 private:
  friend class SpillBuffer;
  using Part = std::uint32_t;  // the file from Part * kPartBytes on

  Error open_file();
  Part take_part();
  // Their space on the disk is free for others at once.
  void give_back(std::vector<Part> parts);
  Error failed(int number) const;

  static constexpr std::size_t kChunkBytes = 1 << 16;
  // Of chunks that are kept for the next buffer: pages of them cost more than to copy into them.
  static constexpr std::size_t kFreeChunkBytesMax = 16 << 20;
  using Chunk = std::unique_ptr<char[]>;
  Chunk take_chunk();
  void give_back(std::vector<Chunk> chunks);

  std::vector<Chunk> free_chunks_;
  std::string folder_;
  std::size_t buffer_bytes_max_, total_bytes_max_;
  std::size_t bytes_ = 0;
  UniqueFd file_;
  std::vector<Part> free_parts_;
  Part parts_ = 0;  // ever taken
};

// Append at the end, read anywhere.
class SpillBuffer {
 public:
  explicit SpillBuffer(SpillSpace& space) : space_(&space) {}
  SpillBuffer(SpillBuffer&& other) noexcept;
  SpillBuffer& operator=(SpillBuffer&& other) noexcept;
  ~SpillBuffer() { clear(); }

  // "spill file in '/tmp': No space left on device"; the buffer then holds a part of `bytes` at
  // most.
  Error append(std::string_view bytes);
  std::uint64_t size() const { return memory_bytes() + file_bytes_; }
  bool empty() const { return size() == 0; }
  // The byte that came last; only when not empty.
  char last_byte() const { return last_byte_; }
  // What lies together in memory from `offset` on; empty at the end, and where the file begins.
  std::string_view in_memory(std::uint64_t offset = 0) const;
  // Copies from `offset` on, as much as fits; 0 at the end.
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;
  // Gives memory and file back.
  void clear();

 private:
  // Most outputs are shorter than this, and need no chunk.
  static constexpr std::size_t kFirstBytesMax = 1 << 12;
  std::size_t memory_bytes() const { return first_.size() + chunk_bytes_; }
  void append_to_memory(std::string_view bytes);
  Error append_to_file(std::string_view bytes);
  // Where the byte `at` of those in the file is, and how many follow it there in one piece.
  std::pair<std::uint64_t, std::size_t> locate(std::uint64_t at) const;

  SpillSpace* space_;
  std::string first_;  // then come the chunks, then the parts of the file
  std::vector<SpillSpace::Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::vector<SpillSpace::Part> parts_;
  std::uint64_t file_bytes_ = 0;
  char last_byte_ = 0;
};

}  // namespace errand
