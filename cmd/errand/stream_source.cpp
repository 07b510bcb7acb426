// SPDX-License-Identifier: Apache-2.0
#include "errand/stream_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>

#include "errand/run/failure.h"

namespace errand::cmd {
namespace {

constexpr auto use_tuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 * 1024;

bool readable_now(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

StreamSource::StreamSource(Runtime& runtime, TaskStream stream, Overrides overrides)
    : runtime_(runtime),
      stream_(std::move(stream)),
      overrides_(std::move(overrides)),
      reader_(stream_.options) {
  UniqueFd set(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, stream_.file.get(), &event) != 0) return;  // a file
  watched_ = std::make_unique<asio::posix::stream_descriptor>(runtime_.executor(), set.release());
}

awaitable<Result<std::optional<Task>>> StreamSource::next(Context context) {
  std::string line;
  for (;;) {
    if (context.done()) co_return std::unexpected(context.done_error());
    if (take_line(line)) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      co_return read_task(line);
    }
    if (end_) co_return std::nullopt;
    if (Error error = co_await read_more(context)) co_return std::unexpected(std::move(error));
  }
}

bool StreamSource::take_line(std::string& line) {
  std::string& text = stream_.begin;
  std::size_t newline = text.find('\n', at_);
  if (newline == std::string::npos) {
    if (!end_ || at_ == text.size()) return false;
    newline = text.size();
  }
  line.assign(text, at_, newline - at_);
  if (line.ends_with('\r')) line.pop_back();
  at_ = std::min(newline + 1, text.size());
  ++line_;
  if (at_ >= kReadBytes || at_ == text.size()) {
    text.erase(0, at_);
    at_ = 0;
  }
  return true;
}

Result<std::optional<Task>> StreamSource::read_task(const std::string& line) {
  std::expected<Task, Problems> task = reader_.read(line, line_);
  if (!task) {
    std::string text;
    for (const Problem& problem : task.error()) {
      text += (text.empty() ? "" : "; ") + format_problem(stream_.name, problem);
    }
    return std::unexpected(Error::make(InputFailure{std::move(text)}));
  }
  task->id = ++tasks_;
  if (task->name.empty()) task->name = std::to_string(line_);
  task->full_name = task->name;
  apply(overrides_, *task);
  return std::move(*task);
}

awaitable<Error> StreamSource::read_more(Context context) {
  if (stream_.begin.size() - at_ > kLineBytesMax) {
    co_return Error::make(
        InputFailure{stream_.name + ":" + std::to_string(line_ + 1) + ": longer than 16 MiB"});
  }
  if (watched_ && !readable_now(stream_.file.get())) {
    detail::CancelHook canceled(context, [this] { watched_->cancel(); });
    co_await watched_->async_wait(asio::posix::stream_descriptor::wait_read, use_tuple);
    if (context.done()) co_return context.done_error();
    if (!readable_now(stream_.file.get())) co_return Error();  // readiness can be spurious
  }
  static std::array<char, kReadBytes> buffer;
  const ssize_t size = ::read(stream_.file.get(), buffer.data(), buffer.size());
  if (size > 0) stream_.begin.append(buffer.data(), static_cast<std::size_t>(size));
  if (size == 0) end_ = true;
  const bool failed = size < 0 && errno != EINTR && errno != EAGAIN;
  if (!failed) co_return Error();
  co_return Error::make(InputFailure{Error::system(stream_.name, errno).message()});
}

}  // namespace errand::cmd
