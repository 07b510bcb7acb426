// SPDX-License-Identifier: Apache-2.0
#include "errand/io/writer.h"

#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "errand/concurrency/event.h"
#include "errand/io/descriptor.h"
#include "errand/io/write_all.h"

namespace errand {
namespace {

constexpr std::size_t kJoinBytesMax = 1 << 16;  // small chunks are queued as one

// To the beginning of the line, and from there to the end of the screen: also where a narrower
// window has broken the status line into several.
constexpr std::string_view kEraseBelow = "\r\x1b[J";

}  // namespace

struct Writer::Waiter : detail::Link {
  explicit Waiter(Writer& writer) : parking(writer.runtime_) { writer.waiters_.push_back(*this); }
  ~Waiter() { unlink(); }
  Parking parking;
};

Writer::Writer(Runtime& runtime, int fd, std::string name)
    : runtime_(runtime), fd_(fd), name_(std::move(name)) {
  switch (blocking_kind(fd)) {
    case BlockingKind::never:
      kind_ = Kind::plain;
      break;
    case BlockingKind::socket:
      kind_ = Kind::socket;
      break;
    case BlockingKind::pipe_or_terminal:
      reopened_ = reopen_nonblocking(fd);
      kind_ = reopened_ ? Kind::reopened : Kind::polled;
      break;
  }
}

Writer::~Writer() {
  // Out of the loop before reopened_ closes it.
  if (watched_ && kind_ == Kind::reopened) watched_->release();
}

// ---- taking bytes

void Writer::write(std::string_view bytes) {
  if (bytes.empty() || broken()) return;
  if (status_shown_) hide_status();
  mid_line_ = bytes.back() != '\n';
  put(bytes);
}

void Writer::put(std::string_view bytes) {
  if (queued_bytes_ == 0 && !held_ && write_now(bytes, bytes.size())) return;
  if (broken()) return;
  enqueue_text(bytes);
  schedule();
}

void Writer::write(SpillBuffer block) {
  if (block.empty() || broken()) return;
  if (status_shown_) hide_status();
  mid_line_ = block.last_byte() != '\n';
  const std::uint64_t size = block.size();
  std::uint64_t written = 0;
  bool free = queued_bytes_ == 0 && !held_;
  while (free && written < kTurnBytes) {
    std::string_view part = block.in_memory(written);
    if (part.empty()) break;
    const std::size_t before = part.size();
    free = write_now(part, before);
    written += before - part.size();
  }
  if (broken() || written == size) return;
  queued_bytes_ += size - written;
  if (queue_.empty()) front_done_ = written;
  queue_.emplace_back(std::move(block));
  update_behind();
  schedule();
}

void Writer::begin_line() {
  if (mid_line_) write("\n");
}

void Writer::show_status(std::string_view line) {
  if (mid_line_ || held_ || queued_bytes_ > 0 || broken()) return;
  // The cursor goes back to the beginning, so that erasing needs to know no widths.
  put((status_shown_ ? std::string(kEraseBelow) : std::string()).append(line).append("\r"));
  status_shown_ = true;
}

void Writer::hide_status() {
  if (!status_shown_) return;
  status_shown_ = false;
  if (!broken()) put(kEraseBelow);
  if (on_status_hidden_) on_status_hidden_();
}

void Writer::hold() {
  hide_status();
  held_ = true;
}

void Writer::release() {
  held_ = false;
  schedule();
}

void Writer::enqueue_text(std::string_view bytes) {
  auto* last = queue_.empty() ? nullptr : std::get_if<std::string>(&queue_.back());
  if (last && last->size() + bytes.size() <= kJoinBytesMax) {
    last->append(bytes);
  } else {
    queue_.emplace_back(std::string(bytes));
  }
  queued_bytes_ += bytes.size();
  update_behind();
}

// ---- writing

std::ptrdiff_t Writer::write_some(std::string_view bytes) {
  switch (kind_) {
    case Kind::plain:
      return ::write(fd_, bytes.data(), bytes.size());
    case Kind::reopened:
      return ::write(reopened_.get(), bytes.data(), bytes.size());
    case Kind::socket:
      return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::polled:
      break;
  }
  // Blocking, so only as much as a pipe that calls itself writable surely takes.
  ::pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
}

bool Writer::write_now(std::string_view& bytes, std::size_t bytes_max) {
  std::size_t left = std::min(bytes.size(), bytes_max);
  while (left > 0) {
    const std::ptrdiff_t done = write_some(bytes.substr(0, left));
    if (done >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(done));
      left -= static_cast<std::size_t>(done);
    } else if (errno == EAGAIN) {
      if (kind_ == Kind::plain) kind_ = Kind::polled;  // somebody made it non-blocking: wait
      return false;
    } else if (errno != EINTR) {
      set_broken(errno);
      return false;
    }
  }
  return bytes.empty();
}

// Something is queued: go on when the descriptor is writable. A plain one always is; its turns only
// give the rest of the loop a chance.
void Writer::schedule() {
  if (scheduled_ || held_ || queued_bytes_ == 0 || broken()) return;
  scheduled_ = true;
  auto go_on = [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) pump();
  };
  if (kind_ == Kind::plain) return asio::post(runtime_.executor(), std::move(go_on));
  if (!watched_ && !watch()) return;
  const auto direction = kind_ == Kind::reopened ? asio::posix::stream_descriptor::wait_write
                                                 : asio::posix::stream_descriptor::wait_read;
  watched_->async_wait(direction, [go_on = std::move(go_on)](auto) { go_on(); });
}

bool Writer::watch() {
  int fd = reopened_.get();
  if (kind_ != Kind::reopened) {
    UniqueFd set(::epoll_create1(EPOLL_CLOEXEC));
    ::epoll_event interest{};
    interest.events = EPOLLOUT;
    if (!set || ::epoll_ctl(set.get(), EPOLL_CTL_ADD, fd_, &interest) != 0) {
      set_broken(errno);
      return false;
    }
    fd = set.release();
  }
  watched_ = std::make_unique<asio::posix::stream_descriptor>(runtime_.executor());
  asio::error_code failed;
  watched_->assign(fd, failed);
  if (!failed) return true;
  if (fd != reopened_.get()) ::close(fd);
  watched_.reset();
  set_broken(failed.value());
  return false;
}

void Writer::pump() {
  scheduled_ = false;
  if (held_) return;
  std::size_t turn_bytes = kTurnBytes;
  while (turn_bytes > 0) {
    std::string_view rest = front();
    if (rest.empty()) break;
    const std::size_t before = rest.size();
    const bool all = write_now(rest, turn_bytes);
    if (broken()) return;
    const std::size_t done = before - rest.size();
    advance(done);
    turn_bytes -= done;
    if (!all) break;
  }
  if (broken()) return;
  update_behind();
  schedule();
}

// What goes out next, as it lies in memory; empty: nothing is left, or it cannot be read.
std::string_view Writer::front() {
  if (queue_.empty()) return {};
  if (const auto* text = std::get_if<std::string>(&queue_.front())) {
    return std::string_view(*text).substr(front_done_);
  }
  const auto& block = std::get<SpillBuffer>(queue_.front());
  if (const std::string_view part = block.in_memory(front_done_); !part.empty()) return part;
  if (piece_done_ == piece_.size()) {
    piece_done_ = 0;
    piece_.resize(kChunkBytes);
    const Result<std::size_t> got = block.read(front_done_, piece_);
    piece_.resize(got.value_or(0));
    if (piece_.empty()) set_broken(got ? Error::system("spill file", EIO) : got.error());
  }
  return std::string_view(piece_).substr(piece_done_);
}

// So much of front() is out.
void Writer::advance(std::size_t bytes) {
  if (!piece_.empty()) piece_done_ += bytes;
  front_done_ += bytes;
  queued_bytes_ -= bytes;
  const auto* text = std::get_if<std::string>(&queue_.front());
  if (front_done_ < (text ? text->size() : std::get<SpillBuffer>(queue_.front()).size())) return;
  queue_.pop_front();
  front_done_ = 0;
  piece_.clear();
  piece_done_ = 0;
}

bool Writer::has_queued_block() const {
  return std::ranges::any_of(
      queue_, [](const Chunk& chunk) { return std::holds_alternative<SpillBuffer>(chunk); });
}

// ---- the end of writing, and those who wait

void Writer::set_broken(int number) {
  const bool reader_gone = number == EPIPE || number == ECONNRESET;
  set_broken(reader_gone ? Error() : write_failure(name_, number));
}

void Writer::set_broken(Error error) {
  closed_ = !error;
  error_ = std::move(error);
  queue_.clear();
  front_done_ = 0;
  piece_.clear();
  piece_done_ = 0;
  queued_bytes_ = 0;
  update_behind();
  // Not from here: the caller may be in the middle of anything.
  auto tell = [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired() && on_broken_) std::exchange(on_broken_, nullptr)(error_);
  };
  asio::post(runtime_.executor(), std::move(tell));
}

void Writer::update_behind() {
  const bool was_behind = behind_;
  behind_ = queued_bytes_ >= (behind_ ? kCaughtUpBytes : kBehindBytes);
  if (queued_bytes_ > 0 && behind_ == was_behind) return;
  while (!waiters_.empty()) waiters_.pop_front().parking.wake();
}

awaitable<void> Writer::caught_up(Context context) {
  while (behind_ && !context.done()) {
    Waiter waiter(*this);
    detail::CancelHook canceled(context, [&waiter] { waiter.parking.wake(); });
    co_await waiter.parking.park();
  }
}

awaitable<Error> Writer::flush(Context context) {
  while (queued_bytes_ > 0) {
    if (context.done()) co_return context.done_error();
    Waiter waiter(*this);
    detail::CancelHook canceled(context, [&waiter] { waiter.parking.wake(); });
    co_await waiter.parking.park();
  }
  co_return error_;
}

}  // namespace errand
