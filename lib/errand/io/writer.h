// SPDX-License-Identifier: Apache-2.0
//
// Writer: ordered output to one descriptor that never makes the loop wait for a slow reader.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "errand/base/error.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/detail/list.h"
#include "errand/concurrency/runtime.h"
#include "errand/io/descriptor.h"  // IWYU pragma: export: same_file()
#include "errand/io/spill.h"
#include "errand/io/unique_fd.h"

namespace errand {

// Takes bytes at once, writes what the reader takes, and queues the rest. The descriptor's flags,
// which it may share with other processes, are never changed: pipes and terminals are opened again
// without blocking, sockets are written without waiting, anything else (files: their offset and
// O_APPEND must stay) is written as it is.
//
// REQUIRES: SIGPIPE is ignored. Loop's thread only. The destructor drops what is queued, so flush()
// first; no coroutine may still wait on the Writer then.
class Writer {
 public:
  static constexpr std::size_t kBehindBytes = 1 << 20;    // queued: behind() from here on
  static constexpr std::size_t kCaughtUpBytes = 1 << 19;  // queued: caught up again
  // Written before others on the loop have a turn.
  static constexpr std::size_t kTurnBytes = 1 << 20;
  static constexpr std::size_t kChunkBytes = 1 << 18;  // read at a time from a spilled block

  // Does not own `fd`, which outlives it. `name` is for errors: "standard output".
  Writer(Runtime& runtime, int fd, std::string name);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  // Calls `tell` once, on a later turn of the loop, when writing has come to an end: empty when the
  // reader has gone (closed()), else error().
  void on_broken(std::function<void(const Error&)> tell) { on_broken_ = std::move(tell); }

  void write(std::string_view bytes);
  // A whole block, copied out of its file piece by piece.
  void write(SpillBuffer block);
  // Ends a line that was left open, so that what follows does not glue to it.
  void begin_line();
  // Has the last line not been ended?
  bool mid_line() const { return mid_line_; }

  // From hold() to release() everything is queued: somebody else has the descriptor.
  void hold();
  void release();

  // A line below everything that is written, for terminals. What is written takes its place, and
  // on_status_hidden() is told. Not shown where it would break an open line, while the reader is
  // slow, and while held. `line` is escaped and narrower than the terminal.
  void show_status(std::string_view line);
  void hide_status();
  void on_status_hidden(std::function<void()> tell) { on_status_hidden_ = std::move(tell); }

  // True from kBehindBytes on until the reader has caught up; false for ever once broken.
  bool behind() const { return behind_; }
  // Returns also as soon as the context is done.
  awaitable<void> caught_up(Context context);
  // Suspends until everything is out: error(), or the context's done_error() when that comes first.
  awaitable<Error> flush(Context context);

  // The reader has gone. Bytes are then dropped quietly; that is no error.
  bool closed() const { return closed_; }
  // The first failure, "write to standard output: No space left on device"; bytes are then dropped.
  const Error& error() const { return error_; }
  std::uint64_t queued_bytes() const { return queued_bytes_; }
  // Some of what is queued is in a SpillBuffer, which will be freed.
  bool has_queued_block() const;

 private:
  enum class Kind : std::uint8_t { plain, reopened, socket, polled };
  using Chunk = std::variant<std::string, SpillBuffer>;
  struct Waiter;

  bool broken() const { return closed_ || error_; }
  // How many bytes went out; -1 with errno.
  std::ptrdiff_t write_some(std::string_view bytes);
  // Takes from the front of `bytes` what can be written, at most `bytes_max`. True: all of it.
  bool write_now(std::string_view& bytes, std::size_t bytes_max);
  void put(std::string_view bytes);
  void enqueue_text(std::string_view bytes);
  void schedule();
  bool watch();
  void pump();
  std::string_view front();
  void advance(std::size_t bytes);
  void set_broken(int number);
  void set_broken(Error error);
  void update_behind();

  Runtime& runtime_;
  const int fd_;
  const std::string name_;
  Kind kind_ = Kind::plain;
  UniqueFd reopened_;
  // What the loop watches: the reopened descriptor itself, else an epoll set around fd_, because
  // Asio would make fd_ non-blocking for everybody.
  std::unique_ptr<asio::posix::stream_descriptor> watched_;
  std::function<void(const Error&)> on_broken_;

  std::deque<Chunk> queue_;
  std::uint64_t front_done_ = 0;  // of the first of them
  std::string piece_;             // what is being written of its file
  std::size_t piece_done_ = 0;    // of it
  std::uint64_t queued_bytes_ = 0;
  bool scheduled_ = false;  // a pump() will come
  bool held_ = false;
  bool status_shown_ = false;
  std::function<void()> on_status_hidden_;
  bool behind_ = false;
  bool mid_line_ = false;
  bool closed_ = false;
  Error error_;
  detail::List<Waiter> waiters_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // handlers look whether we still are
};

}  // namespace errand
