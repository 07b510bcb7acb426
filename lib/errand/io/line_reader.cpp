// SPDX-License-Identifier: Apache-2.0
#include "errand/io/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace errand {
namespace {

UniqueFd open_regular(const std::string& path) {
  constexpr int kNoWait = O_NONBLOCK;  // for the writer of a pipe
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | kNoWait));
  struct stat about{};
  const bool regular = file && ::fstat(file.get(), &about) == 0 && S_ISREG(about.st_mode);
  return regular ? std::move(file) : UniqueFd();
}

}  // namespace

LineReader::LineReader(const std::string& path, std::uint64_t bytes_max)
    : file_(open_regular(path)), bytes_max_(bytes_max) {}

std::optional<std::string_view> LineReader::next() {
  std::size_t searched = at_;
  while (true) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != buffer_.npos) {
      const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = searched = end + 1;
      if (!std::exchange(too_long_, false) && line.size() <= kLineBytesMax) return line;
      continue;
    }
    if (buffer_.size() - at_ > kLineBytesMax) {
      too_long_ = true;
      at_ = buffer_.size();
    }
    buffer_.erase(0, std::exchange(at_, 0));
    searched = buffer_.size();
    if (!read_more()) return std::nullopt;
  }
}

bool LineReader::read_more() {
  constexpr std::uint64_t kPiece = 16 << 10;
  const auto wanted = static_cast<std::size_t>(std::min(kPiece, bytes_max_ - bytes_));
  if (!file_ || wanted == 0) return false;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + wanted);
  ::ssize_t got = 0;
  do {
    got = ::read(file_.get(), buffer_.data() + had, wanted);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(had + static_cast<std::size_t>(std::max<::ssize_t>(got, 0)));
  bytes_ += buffer_.size() - had;
  return got > 0;
}

}  // namespace errand
