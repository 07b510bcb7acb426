// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/records.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "errand/events/failure.h"

namespace errand::cmd {
namespace {

constexpr auto use_tuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 * 1024;

bool readable_now(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

Records::Records(Runtime& runtime, std::string name, UniqueFd file, std::string begin, char end)
    : name_(std::move(name)), file_(std::move(file)), text_(std::move(begin)), end_(end) {
  UniqueFd set(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!set || ::epoll_ctl(set.get(), EPOLL_CTL_ADD, file_.get(), &event) != 0) {
    if (errno != EPERM) unwatched_ = Error::system("cannot wait for " + name_, errno);
    return;  // EPERM: a file, which is always readable
  }
  watched_ = std::make_unique<asio::posix::stream_descriptor>(runtime.executor());
  asio::error_code failed;
  watched_->assign(set.get(), failed);
  if (failed) {
    unwatched_ = Error::system("cannot wait for " + name_, failed.value());
    watched_.reset();
    return;
  }
  (void)set.release();  // the descriptor owns it now
}

bool Records::take(std::string& record) {
  std::size_t found = text_.find(end_, at_);
  if (found == std::string::npos) {
    if (!ended_ || at_ == text_.size()) return false;
    found = text_.size();
  }
  record.assign(text_, at_, found - at_);
  at_ = std::min(found + 1, text_.size());
  ++number_;
  if (at_ >= kReadBytes || at_ == text_.size()) {
    text_.erase(0, at_);
    at_ = 0;
  }
  return true;
}

awaitable<Error> Records::read_more(Context context) {
  if (unwatched_) co_return Error::make(InputFailure{unwatched_.message()});
  if (text_.size() - at_ > kRecordBytesMax) {
    co_return Error::make(
        InputFailure{name_ + ":" + std::to_string(number_ + 1) + ": longer than 16 MiB"});
  }
  if (watched_ && !readable_now(file_.get())) {
    detail::CancelHook canceled(context, [this] { watched_->cancel(); });
    co_await watched_->async_wait(asio::posix::stream_descriptor::wait_read, use_tuple);
    if (context.done()) co_return context.done_error();
    if (!readable_now(file_.get())) co_return Error();  // readiness can be spurious
  }
  static std::array<char, kReadBytes> buffer;
  const ssize_t size = ::read(file_.get(), buffer.data(), buffer.size());
  if (size > 0) text_.append(buffer.data(), static_cast<std::size_t>(size));
  if (size == 0) ended_ = true;
  const bool failed = size < 0 && errno != EINTR && errno != EAGAIN;
  if (!failed) co_return Error();
  co_return Error::make(InputFailure{Error::system(name_, errno).message()});
}

}  // namespace errand::cmd
