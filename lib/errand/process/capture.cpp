// SPDX-License-Identifier: Apache-2.0
#include "errand/process/capture.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "errand/process/process_tree.h"

namespace errand {
namespace {

constexpr std::size_t kUsualPipeBytes = std::size_t{64} * 1024;

}  // namespace

Error move_above_stdio(UniqueFd& fd) {
  if (fd.get() > 2) return {};
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!moved) return Error::system("fcntl", errno);
  fd = std::move(moved);
  return {};
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(Error::system("pipe2", errno));
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (Error error = move_above_stdio(pipe.read_end)) return std::unexpected(std::move(error));
  if (Error error = move_above_stdio(pipe.write_end)) return std::unexpected(std::move(error));
  return pipe;
}

PipeReader::PipeReader(const asio::any_io_executor& executor, OutputStream stream,
                       std::span<char> buffer, Owner& owner)
    : state_(std::make_shared<State>(executor)), stream_(stream), buffer_(buffer), owner_(owner) {
  state_->reader = this;
}

Error PipeReader::attach(UniqueFd read_end) {
  std::error_code error;
  state_->descriptor.assign(read_end.get(), error);
  if (error) return Error::system("epoll_ctl", error.value());
  (void)read_end.release();  // the descriptor owns it now
  // Asio remembers that it has asked for it and does not ask again.
  state_->descriptor.native_non_blocking(true, error);
  return error ? Error::system("ioctl", error.value()) : Error();
}

PipeReader::~PipeReader() {
  close();
  state_->reader = nullptr;
}

void PipeReader::resume() {
  if (!open() || state_->waiting) return;
  state_->waiting = true;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [state = state_](const std::error_code&) {
                                  state->waiting = false;
                                  PipeReader* const reader = state->reader;
                                  if (reader && reader->open()) reader->read_now();
                                });
}

void PipeReader::read_now() {
  std::size_t turn = 0;
  while (open() && owner_.wants_more()) {
    if (turn >= kTurnBytes) return resume();
    const int fd = state_->descriptor.native_handle();
    const ssize_t count = ::read(fd, buffer_.data(), buffer_.size());
    if (count > 0) {
      const auto bytes = static_cast<std::size_t>(count);
      turn += bytes;
      if (!grown_ && bytes >= kUsualPipeBytes) {
        grown_ = true;
        ::fcntl(fd, F_SETPIPE_SZ, kGrownPipeBytes);  // refused above the user's limit: no harm
      }
      owner_.on_output(stream_, std::string_view(buffer_.data(), bytes));
    } else if (count < 0 && errno == EAGAIN) {
      return resume();  // readiness may be announced for a descriptor that had this number before
    } else if (count == 0) {
      close();
      return owner_.on_output_end();
    } else if (errno != EINTR) {
      const int number = errno;
      close();
      return owner_.on_output_failure(number);
    }
  }
}

// First out of the loop, then closed: a child on its way to execve may hold a copy, and the loop
// would go on hearing of it.
void PipeReader::close() {
  if (open()) ::close(state_->descriptor.release());
}

std::size_t PipeReader::unread_bytes() const {
  int bytes = 0;
  if (!open() || ::ioctl(state_->descriptor.native_handle(), FIONREAD, &bytes) != 0) return 0;
  return static_cast<std::size_t>(bytes);
}

std::string PipeReader::link() const {
  return open() ? file_link(state_->descriptor.native_handle()) : std::string();
}

}  // namespace errand
