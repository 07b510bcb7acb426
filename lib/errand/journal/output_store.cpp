// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/output_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace errand {
namespace {

constexpr mode_t kOnlyOurs = 0600;
constexpr std::uint64_t kPieceMax = 1 << 20;  // a damaged log may say anything

std::string read_from(int fd, const OutputPiece& piece) {
  std::string bytes(std::min(piece.size, kPieceMax), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t size = ::pread(fd, bytes.data() + done, bytes.size() - done,
                                 static_cast<::off_t>(piece.at + done));
    if (size <= 0) break;
    done += static_cast<std::size_t>(size);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

OutputPiece OutputStore::append(std::string_view bytes) {
  if (error_ || this->bytes() + bytes.size() > bytes_max_) return {};
  const OutputPiece piece{this->bytes(), bytes.size()};
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) flush();
  return error_ ? OutputPiece() : piece;
}

std::string OutputStore::read(const OutputPiece& piece) const {
  if (piece.at >= written_) {
    return buffer_.substr(std::min<std::size_t>(piece.at - written_, buffer_.size()), piece.size);
  }
  const std::uint64_t in_file = std::min(piece.size, written_ - piece.at);
  return read_from(file_.get(), {piece.at, in_file}) + buffer_.substr(0, piece.size - in_file);
}

void OutputStore::flush() {
  if (buffer_.empty() || error_) return;
  if (!file_) open_file();
  std::string_view left = buffer_;
  while (!error_ && !left.empty()) {
    const ssize_t size = ::write(file_.get(), left.data(), left.size());
    if (size < 0 && errno != EINTR) error_ = Error::system("output in '" + folder_ + "'", errno);
    if (size > 0) left.remove_prefix(static_cast<std::size_t>(size));
  }
  written_ += buffer_.size() - left.size();
  buffer_.clear();
}

void OutputStore::open_file() {
  const std::string path = folder_ + "/" + name_;
  file_.reset(name_.empty()
                  ? ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOnlyOurs)
                  : ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOnlyOurs));
  if (!file_) error_ = Error::system("output in '" + folder_ + "'", errno);
}

std::string read_piece(const std::string& path, const OutputPiece& piece) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_from(file.get(), piece) : std::string();
}

namespace {

// What one attempt has written.
class Keeper {
 public:
  explicit Keeper(OutputStore& store) : store_(store) {}

  void take(std::string_view bytes) {
    const std::uint64_t room = KeepingTarget::kHeadBytes - head_bytes_;
    const std::string_view head = bytes.substr(0, std::min<std::uint64_t>(room, bytes.size()));
    head_bytes_ += head.size();
    if (waiting_.empty() && head.size() >= KeepingTarget::kPieceBytes) {
      append(head);
    } else {
      waiting_ += head;
      if (waiting_.size() >= KeepingTarget::kPieceBytes) append_waiting();
    }
    take_tail(bytes.substr(head.size()));
  }
  KeptOutput end() {
    append_waiting();
    kept_.head = kept_.pieces.size();  // no piece of the tail joins them
    std::ranges::rotate(tail_, tail_.begin() + static_cast<std::ptrdiff_t>(tail_at_));
    kept_.left_out += behind_head_ - tail_.size();
    if (!tail_.empty()) append(tail_);
    std::string().swap(tail_);
    return std::move(kept_);
  }

 private:
  void take_tail(std::string_view bytes) {
    if (bytes.empty()) return;
    behind_head_ += bytes.size();
    if (bytes.size() > KeepingTarget::kTailBytes) {
      bytes.remove_prefix(bytes.size() - KeepingTarget::kTailBytes);
    }
    const std::string_view fits = bytes.substr(0, KeepingTarget::kTailBytes - tail_.size());
    tail_ += fits;
    bytes.remove_prefix(fits.size());
    while (!bytes.empty()) {  // over the oldest
      const std::size_t size = bytes.copy(&tail_[tail_at_], tail_.size() - tail_at_);
      bytes.remove_prefix(size);
      tail_at_ = (tail_at_ + size) % tail_.size();
    }
  }
  void append_waiting() {
    if (!waiting_.empty()) append(waiting_);
    std::string().swap(waiting_);
  }
  void append(std::string_view bytes) {
    const OutputPiece piece = store_.append(bytes);
    if (piece.size == 0) {
      kept_.left_out += bytes.size();
      return;
    }
    // Nobody has written between this one and the one before.
    const bool joins = kept_.pieces.size() > kept_.head &&
                       kept_.pieces.back().at + kept_.pieces.back().size == piece.at;
    if (joins) {
      kept_.pieces.back().size += piece.size;
    } else {
      kept_.pieces.push_back(piece);
    }
  }

  OutputStore& store_;
  KeptOutput kept_;
  std::uint64_t head_bytes_ = 0;   // kept, or waiting
  std::uint64_t behind_head_ = 0;  // bytes that came after it
  std::string waiting_, tail_;
  std::size_t tail_at_ = 0;  // where the oldest byte of a full tail is
};

template <class Sink>
class Keeping : public Sink {
 public:
  Keeping(std::unique_ptr<Sink> next, OutputStore& store)
      : next_(std::move(next)), keeper_(store) {}
  Error write(StdStream stream, std::string_view bytes) override {
    keeper_.take(bytes);
    return next_->write(stream, bytes);
  }
  bool behind() const override { return next_->behind(); }
  awaitable<void> caught_up(Context context) override {
    return next_->caught_up(std::move(context));
  }
  KeptOutput kept() override { return keeper_.end(); }

 protected:
  std::unique_ptr<Sink> next_;

 private:
  Keeper keeper_;
};

class KeepingHeld final : public Keeping<HeldSink> {
 public:
  using Keeping::Keeping;
  Error keep() override { return next_->keep(); }
};

}  // namespace

std::unique_ptr<OutputSink> KeepingTarget::open(const Task& task, int attempt) {
  return std::make_unique<Keeping<OutputSink>>(next_.open(task, attempt), store_);
}

std::unique_ptr<HeldSink> KeepingTarget::hold(const Task& task, int attempt) {
  return std::make_unique<KeepingHeld>(next_.hold(task, attempt), store_);
}

}  // namespace errand
