// SPDX-License-Identifier: Apache-2.0
//
// Bytes that have to wait: in memory up to a limit, then in a file that has no name, and in memory
// again if no file has room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
// 0600: nothing stays behind however errand ends. If a folder has no room, the next one is tried;
// if none has, the rest stays in memory, and a caller that looks at is_full() keeps that within the
// limit. Outlives the buffers.
class SpillSpace {
 public:
  static constexpr std::size_t kBufferBytesMax = 8 << 20;  // of one buffer, in memory
  static constexpr std::size_t kTotalBytesMax = 64 << 20;  // of all of them
  static constexpr std::size_t kPartBytes = 1 << 18;       // of the file, given to one buffer

  explicit SpillSpace(std::string folder, std::size_t buffer_bytes_max = kBufferBytesMax,
                      std::size_t total_bytes_max = kTotalBytesMax);
  ~SpillSpace();
  SpillSpace(const SpillSpace&) = delete;
  SpillSpace& operator=(const SpillSpace&) = delete;

  // One more folder, tried when those before have no room.
  void add_folder(std::string folder);

  std::size_t bytes_in_memory() const { return bytes_; }
  // No folder had room, and the memory for all buffers is used up. What is appended all the same is
  // kept, in still more memory.
  bool is_full() const { return no_file_ && bytes_ >= total_bytes_max_; }
  // Calls `notify` each time that a full space gets some of its room back. It must append nothing.
  void on_room(std::function<void()> notify) { on_room_ = std::move(notify); }
  // Calls `notify` once, when no folder has room for the first time, with why the first of them has
  // none: "spill file in '/tmp': No space left on device". It must append nothing.
  void on_no_file(std::function<void(const Error&)> notify) { on_no_file_ = std::move(notify); }

 private:
  friend class SpillBuffer;
  struct File;
  using Memory = std::unique_ptr<char[]>;
  // kPartBytes, of a file or in memory.
  struct Part {
    File* file = nullptr;  // null: in memory
    std::uint32_t number = 0;
    Memory memory;
  };

  // Of the first file that can be opened, else in memory.
  Part take_part();
  Part take_part_after(const File* last);
  bool write(const Part& part, std::size_t at, std::string_view bytes);
  Result<std::size_t> read(const Part& part, std::size_t at, std::span<char> into) const;
  // The part's file has no room: moves the first `used` bytes of it elsewhere.
  Error move(Part& part, std::size_t used);
  // Their space is free for others at once.
  void give_back(std::vector<Part> parts);
  void give_back(File& file, std::vector<std::uint32_t> numbers);
  void add_memory(std::size_t bytes) { bytes_ += bytes; }
  void free_memory(std::size_t bytes);

  static constexpr std::size_t kChunkBytes = 1 << 16;
  // Of chunks that are kept for the next buffer: pages of them cost more than to copy into them.
  static constexpr std::size_t kFreeChunkBytesMax = 16 << 20;
  using Chunk = std::unique_ptr<char[]>;
  Chunk take_chunk();
  void give_back(std::vector<Chunk> chunks);

  std::vector<Chunk> free_chunks_;
  std::size_t buffer_bytes_max_, total_bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<File>> files_;
  bool no_file_ = false;  // the last part that was taken found no file
  Error no_file_error_;
  std::function<void()> on_room_;
  std::function<void(const Error&)> on_no_file_;
};

// Append at the end, read anywhere.
class SpillBuffer {
 public:
  explicit SpillBuffer(SpillSpace& space) : space_(&space) {}
  SpillBuffer(SpillBuffer&& other) noexcept;
  SpillBuffer& operator=(SpillBuffer&& other) noexcept;
  ~SpillBuffer() { clear(); }

  // Fails only if what is in the file cannot be read any more to be put elsewhere; the buffer then
  // holds a part of `bytes` at most.
  Error append(std::string_view bytes);
  std::uint64_t size() const { return memory_bytes() + part_bytes_; }
  bool empty() const { return size() == 0; }
  // The byte that came last; only when not empty.
  char last_byte() const { return last_byte_; }
  // What lies together in memory from `offset` on; empty at the end, and where the parts begin.
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
  Error append_to_parts(std::string_view bytes);

  SpillSpace* space_;
  std::string first_;  // then come the chunks, then the parts
  std::vector<SpillSpace::Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::vector<SpillSpace::Part> parts_;
  std::uint64_t part_bytes_ = 0;
  std::size_t parts_in_memory_ = 0;  // bytes of them that count as memory
  char last_byte_ = 0;
};

}  // namespace errand
