// SPDX-License-Identifier: Apache-2.0
#include "errand/report/spill.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace errand {

SpillSpace::Chunk SpillSpace::take_chunk() {
  if (kept_.empty()) return std::make_unique_for_overwrite<char[]>(kChunkBytes);
  Chunk chunk = std::move(kept_.back());
  kept_.pop_back();
  return chunk;
}

void SpillSpace::give_back(std::vector<Chunk> chunks) {
  for (Chunk& chunk : chunks) {
    if (kept_.size() * kChunkBytes >= kKeptBytesMax) return;
    kept_.push_back(std::move(chunk));
  }
}

SpillBuffer::SpillBuffer(SpillBuffer&& other) noexcept : space_(other.space_) {
  *this = std::move(other);
}

SpillBuffer& SpillBuffer::operator=(SpillBuffer&& other) noexcept {
  clear();
  space_ = other.space_;
  first_ = std::exchange(other.first_, {});
  chunks_ = std::exchange(other.chunks_, {});
  chunk_bytes_ = std::exchange(other.chunk_bytes_, 0);
  file_ = std::move(other.file_);
  file_bytes_ = std::exchange(other.file_bytes_, 0);
  last_byte_ = other.last_byte_;
  return *this;
}

Error SpillBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (!file_) {
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
  if (!file_) {
    if (Error error = open_file()) return error;
  }
  while (!bytes.empty()) {
    const ::ssize_t done =
        ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<::off_t>(file_bytes_));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      return Error::system("spill file in '" + space_->folder_ + "'", done < 0 ? errno : ENOSPC);
    }
    file_bytes_ += static_cast<std::uint64_t>(done);
    last_byte_ = bytes[static_cast<std::size_t>(done) - 1];
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Error SpillBuffer::open_file() {
  const std::string& folder = space_->folder_;
  file_.reset(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_) return {};
  // Some file systems (NFS, overlayfs of older kernels) know no nameless files.
  std::string path = folder + "/errand.XXXXXX";
  file_.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_) return Error::system("spill file in '" + folder + "'", errno);
  ::unlink(path.c_str());
  return {};
}

Result<std::size_t> SpillBuffer::read(std::uint64_t offset, std::span<char> into) const {
  if (const std::string_view part = in_memory(offset); !part.empty()) {
    return part.copy(into.data(), into.size());
  }
  const std::uint64_t at = offset - memory_bytes();
  if (at >= file_bytes_) return 0;
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file_bytes_ - at));
  while (true) {
    const ::ssize_t got = ::pread(file_.get(), into.data(), size, static_cast<::off_t>(at));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      return std::unexpected(Error::system("spill file in '" + space_->folder_ + "'", errno));
    }
  }
}

void SpillBuffer::clear() {
  space_->bytes_ -= memory_bytes();
  std::string().swap(first_);
  space_->give_back(std::exchange(chunks_, {}));
  chunk_bytes_ = 0;
  file_.reset();
  file_bytes_ = 0;
}

}  // namespace errand
