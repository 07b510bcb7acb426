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

Error SpillSpace::failed(int number) const {
  return Error::system("spill file in '" + folder_ + "'", number);
}

Error SpillSpace::open_file() {
  file_.reset(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_) return {};
  // Some file systems (NFS, overlayfs of older kernels) know no nameless files.
  std::string path = folder_ + "/errand.XXXXXX";
  file_.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_) return failed(errno);
  ::unlink(path.c_str());
  return {};
}

SpillSpace::Part SpillSpace::take_part() {
  if (free_parts_.empty()) return parts_++;
  const Part part = free_parts_.back();
  free_parts_.pop_back();
  return part;
}

void SpillSpace::give_back(std::vector<Part> parts) {
  if (parts.empty()) return;
  free_parts_.insert(free_parts_.end(), parts.begin(), parts.end());
  if (free_parts_.size() == parts_) {
    free_parts_.clear();
    parts_ = 0;
    file_.reset();
    return;
  }
  std::ranges::sort(parts);
  for (std::size_t first = 0, last = 0; first < parts.size(); first = last) {
    while (last < parts.size() && parts[last] - parts[first] == last - first) ++last;
    // Best effort: a file system that cannot do it keeps the space for what comes.
    ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<::off_t>(parts[first]) * static_cast<::off_t>(kPartBytes),
                static_cast<::off_t>(last - first) * static_cast<::off_t>(kPartBytes));
  }
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
  file_bytes_ = std::exchange(other.file_bytes_, 0);
  last_byte_ = other.last_byte_;
  return *this;
}

Error SpillBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (file_bytes_ == 0) {
    const std::size_t own = space_->buffer_bytes_max_ - memory_bytes();
    const std::size_t shared =
        space_->total_bytes_max_ - std::min(space_->total_bytes_max_, space_->bytes_);
    const std::size_t fits = std::min({own, shared, bytes.size()});
    append_to_memory(bytes.substr(0, fits));
    space_->bytes_ += fits;
    if (fits > 0) last_byte_ = bytes[fits - 1];
    bytes.remove_prefix(fits);
  }
  return bytes.empty() ? Error() : append_to_file(bytes);
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

Error SpillBuffer::append_to_file(std::string_view bytes) {
  if (!space_->file_) {
    if (Error error = space_->open_file()) return error;
  }
  while (!bytes.empty()) {
    if (file_bytes_ == parts_.size() * SpillSpace::kPartBytes) {
      parts_.push_back(space_->take_part());
    }
    const auto [at, room] = locate(file_bytes_);
    const ::ssize_t done = ::pwrite(space_->file_.get(), bytes.data(), std::min(bytes.size(), room),
                                    static_cast<::off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return space_->failed(done < 0 ? errno : ENOSPC);
    file_bytes_ += static_cast<std::uint64_t>(done);
    last_byte_ = bytes[static_cast<std::size_t>(done) - 1];
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

std::pair<std::uint64_t, std::size_t> SpillBuffer::locate(std::uint64_t at) const {
  const std::uint64_t inside = at % SpillSpace::kPartBytes;
  const std::uint64_t part = parts_[static_cast<std::size_t>(at / SpillSpace::kPartBytes)];
  return {part * SpillSpace::kPartBytes + inside,
          static_cast<std::size_t>(SpillSpace::kPartBytes - inside)};
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
    if (begin >= file_bytes_) break;
    const auto [at, together] = locate(begin);
    const std::uint64_t size =
        std::min<std::uint64_t>({into.size() - copied, together, file_bytes_ - begin});
    const ::ssize_t got =
        ::pread(space_->file_.get(), into.data() + copied, size, static_cast<::off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(space_->failed(errno));
    if (got == 0) return std::unexpected(space_->failed(EIO));
    copied += static_cast<std::size_t>(got);
  }
  return copied;
}

void SpillBuffer::clear() {
  space_->bytes_ -= memory_bytes();
  std::string().swap(first_);
  space_->give_back(std::exchange(chunks_, {}));
  chunk_bytes_ = 0;
  space_->give_back(std::exchange(parts_, {}));
  file_bytes_ = 0;
}

}  // namespace errand
