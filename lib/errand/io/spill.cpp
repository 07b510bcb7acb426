// SPDX-License-Identifier: Apache-2.0
#include "errand/io/spill.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace errand {

// ---- the space

// One folder's file; opened when it is first needed.
struct SpillSpace::File {
  explicit File(std::string in) : folder(std::move(in)) {}

  Error failed(int number) const { return Error::system("spill file in '" + folder + "'", number); }
  Error open();
  std::uint32_t take() {
    if (free_parts.empty()) return parts++;
    const std::uint32_t part = free_parts.back();
    free_parts.pop_back();
    return part;
  }

  std::string folder;
  UniqueFd fd;
  std::vector<std::uint32_t> free_parts;
  std::uint32_t parts = 0;  // ever taken
};

Error SpillSpace::File::open() {
  if (fd) return {};
  fd.reset(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return {};
  // Some file systems (NFS, overlayfs of older kernels) know no nameless files.
  std::string path = folder + "/errand.XXXXXX";
  fd.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return failed(errno);
  ::unlink(path.c_str());
  return {};
}

SpillSpace::SpillSpace(std::string folder, std::size_t buffer_bytes_max,
                       std::size_t total_bytes_max)
    : buffer_bytes_max_(buffer_bytes_max), total_bytes_max_(total_bytes_max) {
  add_folder(std::move(folder));
}
SpillSpace::~SpillSpace() = default;

void SpillSpace::add_folder(std::string folder) {
  files_.push_back(std::make_unique<File>(std::move(folder)));
}

SpillSpace::Part SpillSpace::take_part() { return take_part_after(nullptr); }

SpillSpace::Part SpillSpace::take_part_after(const File* last) {
  bool may_use = last == nullptr;
  for (const std::unique_ptr<File>& file : files_) {
    if (may_use) {
      const Error error = file->open();
      if (!error) {
        no_file_ = false;
        return {file.get(), file->take(), nullptr};
      }
      if (!no_file_error_) no_file_error_ = error;
    }
    may_use = may_use || file.get() == last;
  }
  no_file_ = true;
  if (on_no_file_) std::exchange(on_no_file_, nullptr)(no_file_error_);
  return {nullptr, 0, std::make_unique_for_overwrite<char[]>(kPartBytes)};
}

bool SpillSpace::write(const Part& part, std::size_t at, std::string_view bytes) {
  if (!part.file) {
    std::memcpy(part.memory.get() + at, bytes.data(), bytes.size());
    return true;
  }
  std::uint64_t place = std::uint64_t{part.number} * kPartBytes + at;
  while (!bytes.empty()) {
    const ::ssize_t done =
        ::pwrite(part.file->fd.get(), bytes.data(), bytes.size(), static_cast<::off_t>(place));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      if (!no_file_error_) no_file_error_ = part.file->failed(done < 0 ? errno : ENOSPC);
      return false;
    }
    place += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

Result<std::size_t> SpillSpace::read(const Part& part, std::size_t at, std::span<char> into) const {
  if (!part.file) {
    std::memcpy(into.data(), part.memory.get() + at, into.size());
    return into.size();
  }
  std::size_t copied = 0;
  while (copied < into.size()) {
    const std::uint64_t place = std::uint64_t{part.number} * kPartBytes + at + copied;
    const ::ssize_t got = ::pread(part.file->fd.get(), into.data() + copied, into.size() - copied,
                                  static_cast<::off_t>(place));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::unexpected(part.file->failed(got < 0 ? errno : EIO));
    copied += static_cast<std::size_t>(got);
  }
  return copied;
}

Error SpillSpace::move(Part& part, std::size_t used) {
  std::string bytes(used, '\0');
  if (const Result<std::size_t> got = read(part, 0, bytes); !got) return got.error();
  do {
    File* const full = part.file;
    give_back(*full, {part.number});
    part = take_part_after(full);
  } while (!write(part, 0, bytes));
  return {};
}

void SpillSpace::give_back(std::vector<Part> parts) {
  for (const std::unique_ptr<File>& file : files_) {
    std::vector<std::uint32_t> numbers;
    for (const Part& part : parts) {
      if (part.file == file.get()) numbers.push_back(part.number);
    }
    give_back(*file, std::move(numbers));
  }
}

void SpillSpace::give_back(File& file, std::vector<std::uint32_t> numbers) {
  if (numbers.empty()) return;
  file.free_parts.insert(file.free_parts.end(), numbers.begin(), numbers.end());
  const bool was_full = is_full();
  no_file_ = false;  // it may have room again
  if (file.free_parts.size() == file.parts) {
    file.free_parts.clear();
    file.parts = 0;
    file.fd.reset();
  } else {
    std::ranges::sort(numbers);
    for (std::size_t first = 0, last = 0; first < numbers.size(); first = last) {
      while (last < numbers.size() && numbers[last] - numbers[first] == last - first) ++last;
      // Best effort: a file system that cannot do it keeps the space for what comes.
      ::fallocate(file.fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<::off_t>(numbers[first]) * static_cast<::off_t>(kPartBytes),
                  static_cast<::off_t>(last - first) * static_cast<::off_t>(kPartBytes));
    }
  }
  if (was_full && on_room_) on_room_();
}

void SpillSpace::free_memory(std::size_t bytes) {
  const bool was_full = is_full();
  bytes_ -= bytes;
  if (was_full && bytes > 0 && on_room_) on_room_();
}

SpillSpace::Chunk SpillSpace::take_chunk() {
  if (free_chunks_.empty()) return std::make_unique_for_overwrite<char[]>(kChunkBytes);
  Chunk chunk = std::move(free_chunks_.back());
  free_chunks_.pop_back();
  return chunk;
}

void SpillSpace::give_back(std::vector<Chunk> chunks) {
  for (Chunk& chunk : chunks) {
    if (free_chunks_.size() * kChunkBytes >= kFreeChunkBytesMax) return;
    free_chunks_.push_back(std::move(chunk));
  }
}

// ---- a buffer

SpillBuffer::SpillBuffer(SpillBuffer&& other) noexcept : space_(other.space_) {
  *this = std::move(other);
}

SpillBuffer& SpillBuffer::operator=(SpillBuffer&& other) noexcept {
  clear();
  space_ = other.space_;
  first_ = std::exchange(other.first_, {});
  chunks_ = std::exchange(other.chunks_, {});
  chunk_bytes_ = std::exchange(other.chunk_bytes_, 0);
  parts_ = std::exchange(other.parts_, {});
  part_bytes_ = std::exchange(other.part_bytes_, 0);
  parts_in_memory_ = std::exchange(other.parts_in_memory_, 0);
  last_byte_ = other.last_byte_;
  return *this;
}

Error SpillBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (parts_.empty()) {
    const std::size_t own = space_->buffer_bytes_max_ - memory_bytes();
    const std::size_t shared =
        space_->total_bytes_max_ - std::min(space_->total_bytes_max_, space_->bytes_);
    const std::size_t fits = std::min({own, shared, bytes.size()});
    append_to_memory(bytes.substr(0, fits));
    space_->add_memory(fits);
    if (fits > 0) last_byte_ = bytes[fits - 1];
    bytes.remove_prefix(fits);
  }
  return bytes.empty() ? Error() : append_to_parts(bytes);
}

void SpillBuffer::append_to_memory(std::string_view bytes) {
  if (chunks_.empty()) {
    const std::size_t fits = std::min(bytes.size(), kFirstBytesMax - first_.size());
    first_.append(bytes.substr(0, fits));
    bytes.remove_prefix(fits);
  }
  while (!bytes.empty()) {
    const std::size_t used = chunk_bytes_ % SpillSpace::kChunkBytes;
    if (used == 0) chunks_.push_back(space_->take_chunk());
    const std::size_t fits = std::min(bytes.size(), SpillSpace::kChunkBytes - used);
    std::memcpy(chunks_.back().get() + used, bytes.data(), fits);
    chunk_bytes_ += fits;
    bytes.remove_prefix(fits);
  }
}

std::string_view SpillBuffer::in_memory(std::uint64_t offset) const {
  if (offset < first_.size()) return std::string_view(first_).substr(offset);
  offset -= first_.size();
  if (offset >= chunk_bytes_) return {};
  const auto at = static_cast<std::size_t>(offset) % SpillSpace::kChunkBytes;
  const std::size_t size = std::min<std::size_t>(SpillSpace::kChunkBytes - at,
                                                 chunk_bytes_ - static_cast<std::size_t>(offset));
  return {chunks_[offset / SpillSpace::kChunkBytes].get() + at, size};
}

Error SpillBuffer::append_to_parts(std::string_view bytes) {
  const auto count_memory = [this](std::size_t size) {
    parts_in_memory_ += size;
    space_->add_memory(size);
  };
  while (!bytes.empty()) {
    if (part_bytes_ == parts_.size() * SpillSpace::kPartBytes)
      parts_.push_back(space_->take_part());
    SpillSpace::Part& part = parts_.back();
    const auto used = static_cast<std::size_t>(part_bytes_ % SpillSpace::kPartBytes);
    const std::string_view piece = bytes.substr(0, SpillSpace::kPartBytes - used);
    if (!space_->write(part, used, piece)) {
      if (Error error = space_->move(part, used)) return error;
      if (!part.file) count_memory(used);
      continue;
    }
    if (!part.file) count_memory(piece.size());
    part_bytes_ += piece.size();
    last_byte_ = piece.back();
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<std::size_t> SpillBuffer::read(std::uint64_t offset, std::span<char> into) const {
  std::size_t copied = 0;
  while (copied < into.size()) {
    const std::string_view part = in_memory(offset + copied);
    if (part.empty()) break;
    copied += part.copy(into.data() + copied, into.size() - copied);
  }
  while (copied < into.size()) {
    const std::uint64_t begin = offset + copied - memory_bytes();
    if (begin >= part_bytes_) break;
    const auto at = static_cast<std::size_t>(begin % SpillSpace::kPartBytes);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(
        {into.size() - copied, SpillSpace::kPartBytes - at, part_bytes_ - begin}));
    const SpillSpace::Part& part = parts_[static_cast<std::size_t>(begin / SpillSpace::kPartBytes)];
    const Result<std::size_t> got = space_->read(part, at, into.subspan(copied, size));
    if (!got) return got;
    copied += *got;
  }
  return copied;
}

void SpillBuffer::clear() {
  const std::size_t memory = memory_bytes() + std::exchange(parts_in_memory_, 0);
  std::string().swap(first_);
  space_->give_back(std::exchange(chunks_, {}));
  chunk_bytes_ = 0;
  part_bytes_ = 0;
  space_->give_back(std::exchange(parts_, {}));
  space_->free_memory(memory);
}

}  // namespace errand
