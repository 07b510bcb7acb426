// SPDX-License-Identifier: Apache-2.0
#include "errand/process/jobserver/jobserver.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <optional>
#include <utility>

namespace errand {
namespace {

constexpr char kToken = '+';  // as make writes it
constexpr int kLowestShared = 5;

bool is_pipe(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

Error not_open(int fd) {
  return Error::text("its descriptor " + std::to_string(fd) +
                     " is not open here: begin the line of the makefile with '+'");
}

// Whether it blocks is a property of the open pipe, not of the descriptor: if we switched it on or
// off, it would change under everybody else who has inherited it. Opened again it is our own.
Result<UniqueFd> open_again(int fd, int mode) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  UniqueFd opened(::open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
  if (!opened) return std::unexpected(Error::system("open '" + path + "'", errno));
  return opened;
}

Result<UniqueFd> raised(int fd) {
  UniqueFd high(::fcntl(fd, F_DUPFD_CLOEXEC, kLowestShared));
  if (!high) return std::unexpected(Error::system("fcntl", errno));
  return high;
}

// `ends` stay the caller's.
Result<JobserverPipe> share(int read_end, int write_end) {
  JobserverPipe pipe;
  const auto put = [](Result<UniqueFd> fd, UniqueFd& into) {
    if (!fd) return fd.error();
    into = std::move(*fd);
    return Error();
  };
  Error error = put(open_again(read_end, O_RDONLY), pipe.take);
  if (!error) error = put(open_again(write_end, O_WRONLY), pipe.give);
  if (!error) error = put(raised(read_end), pipe.shared[0]);
  if (!error) error = put(raised(write_end), pipe.shared[1]);
  if (error) return std::unexpected(error);
  return pipe;
}

Result<JobserverPipe> join_fifo(const std::string& path) {
  const auto open_end = [&path] {
    return UniqueFd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  };
  JobserverPipe pipe;
  pipe.take = open_end();
  if (!pipe.take) return std::unexpected(Error::system("open '" + path + "'", errno));
  if (!is_pipe(pipe.take.get())) {
    return std::unexpected(Error::text("'" + path + "' is no named pipe"));
  }
  pipe.give = open_end();
  if (!pipe.give) return std::unexpected(Error::system("open '" + path + "'", errno));
  return pipe;
}

// Lost where the pipe is full: of others' bytes then, never of tokens.
void write_byte(int fd, char byte) {
  while (::write(fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

std::optional<char> read_byte(int fd) {
  char byte = 0;
  ssize_t count = 0;
  while ((count = ::read(fd, &byte, 1)) < 0 && errno == EINTR) {
  }
  return count == 1 ? std::optional(byte) : std::nullopt;
}

}  // namespace

Result<JobserverPipe> join_jobserver(const JobserverAddress& address) {
  if (!address.fifo.empty()) return join_fifo(address.fifo);
  for (const int fd : {address.read_end, address.write_end}) {
    // What we have opened ourselves is closed at exec; what was inherited cannot be.
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) return std::unexpected(not_open(fd));
    if (!is_pipe(fd)) {
      return std::unexpected(Error::text("its descriptor " + std::to_string(fd) + " is no pipe"));
    }
  }
  return share(address.read_end, address.write_end);
}

Result<JobserverPipe> make_jobserver(unsigned jobs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(Error::system("pipe2", errno));
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  Result<JobserverPipe> pipe = share(read_end.get(), write_end.get());
  for (unsigned i = 1; pipe && i < jobs; ++i) write_byte(pipe->give.get(), kToken);
  return pipe;
}

struct Jobserver::State : std::enable_shared_from_this<State> {
  State(Runtime& loop, JobserverPipe ends, unsigned size)
      : runtime(loop), pipe(std::move(ends)), jobs(size), available(loop.executor()) {}

  void jobs_decreased();
  void return_spare_tokens_soon();
  void return_spare_tokens();
  void notify_soon();
  void fill_up();
  void wait();

  Runtime& runtime;
  JobserverPipe pipe;
  const unsigned jobs;  // of our own pool; 0: it is somebody else's
  asio::posix::stream_descriptor available;
  std::function<void()> notify;
  std::string held;           // the bytes taken: the very same go back
  std::size_t in_use = 0;     // one more than bytes in `held`, at most
  std::size_t processes = 0;  // that may hold tokens
  bool return_scheduled = false;
  bool waiting = false;
  bool ended = false;
};

void Jobserver::State::return_spare_tokens_soon() {
  if (std::exchange(return_scheduled, true)) return;
  asio::post(runtime.executor(), [self = shared_from_this()] {
    self->return_scheduled = false;
    if (!self->ended) self->return_spare_tokens();
  });
}

// Where nobody is left, at once: the next one may start in this very turn of the loop.
void Jobserver::State::jobs_decreased() {
  if (jobs > 0 && in_use == 0 && processes == 0) return return_spare_tokens();
  return_spare_tokens_soon();
}

void Jobserver::State::return_spare_tokens() {
  while (held.size() + 1 > std::max<std::size_t>(in_use, 1)) {
    write_byte(pipe.give.get(), held.back());
    held.pop_back();
  }
  if (jobs > 0 && in_use == 0 && processes == 0) fill_up();
  if (in_use == 0 && notify) notify_soon();  // our own first one is there
}

void Jobserver::State::notify_soon() {
  asio::post(runtime.executor(), [self = shared_from_this()] {
    if (auto call = std::exchange(self->notify, nullptr)) call();
  });
}

// Also down: a byte too many is a job too many.
void Jobserver::State::fill_up() {
  int there = 0;
  if (::ioctl(pipe.take.get(), FIONREAD, &there) != 0) return;
  const int full = static_cast<int>(jobs) - 1;
  for (; there < full; ++there) write_byte(pipe.give.get(), kToken);
  for (; there > full; --there) read_byte(pipe.take.get());
}

void Jobserver::State::wait() {
  if (std::exchange(waiting, true)) return;
  available.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const std::error_code&) {
                         self->waiting = false;
                         if (auto call = std::exchange(self->notify, nullptr)) call();
                       });
}

Jobserver::Jobserver(Runtime& runtime, JobserverPipe pipe)
    : Jobserver(runtime, std::move(pipe), 0) {}

Jobserver::Jobserver(Runtime& runtime, JobserverPipe pipe, unsigned jobs)
    : state_(std::make_shared<State>(runtime, std::move(pipe), jobs)) {}

Jobserver::~Jobserver() {
  state_->ended = true;
  state_->notify = nullptr;
  state_->in_use = 0;
  state_->return_spare_tokens();
  if (state_->available.is_open()) (void)state_->available.release();  // the pipe is State's
}

bool Jobserver::try_take() {
  State& state = *state_;
  if (state.in_use > state.held.size()) {
    const std::optional<char> byte = read_byte(state.pipe.take.get());
    if (!byte) return false;
    state.held.push_back(*byte);
  }
  ++state.in_use;
  return true;
}

void Jobserver::give_back() {
  --state_->in_use;
  state_->jobs_decreased();
}

void Jobserver::when_available(std::function<void()> notify) {
  State& state = *state_;
  state.notify = std::move(notify);
  if (!state.notify) return;
  if (state.in_use <= state.held.size()) state.return_spare_tokens_soon();
  if (!state.available.is_open()) {
    std::error_code error;
    state.available.assign(state.pipe.take.get(), error);
    if (error) return;  // like a pipe where nothing comes: our own first token is left
  }
  state.wait();
}

int Jobserver::shared(int index) const { return state_->pipe.shared[index].get(); }

void Jobserver::started() { ++state_->processes; }

void Jobserver::ended() {
  --state_->processes;
  if (state_->processes == 0) state_->jobs_decreased();
}

}  // namespace errand
