// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/io/unique_fd.h"

namespace errand {

enum class OutputStream : std::uint8_t { out, err };

// Where the bytes of one process go.
class OutputReceiver {
 public:
  virtual ~OutputReceiver() = default;
  // Takes the bytes at once. An error fails the process and stops it; what it still writes is
  // dropped.
  virtual Error write(OutputStream stream, std::string_view bytes) = 0;
  // True: nothing is read from the process before caught_up() has returned.
  virtual bool behind() const = 0;
  // Returns also as soon as the context is done.
  virtual awaitable<void> caught_up(Context context) = 0;
  // The process has ended by itself. What it started may still run and write.
  virtual void on_exit() {}
};

// Descriptors below 3 would be overwritten in a child before it could use them.
Error move_above_stdio(UniqueFd& fd);

struct Pipe {
  UniqueFd read_end, write_end;
};
// Both CLOEXEC, not below 3 and blocking.
Result<Pipe> make_pipe();

// Reads one pipe on the loop and hands the bytes on. Calls its owner from the loop or from
// read_now().
class PipeReader {
 public:
  // After this many bytes others get their turn.
  static constexpr std::size_t kTurnBytes = std::size_t{1024} * 1024;
  // A pipe is grown from the usual 64 KiB once it has been found full: memory is only for those who
  // need it, and Linux limits the sum for each user.
  static constexpr int kGrownPipeBytes = 1024 * 1024;

  class Owner {
   public:
    virtual void on_output(OutputStream stream, std::string_view bytes) = 0;
    // Asked after each on_output(). False: nothing more is read until resume().
    virtual bool wants_more() = 0;
    // The last writer has closed the pipe.
    virtual void on_output_end() = 0;
    // It cannot be read any more, for a reason of the system's; instead of on_output_end().
    virtual void on_output_failure(int number) = 0;

   protected:
    ~Owner() = default;
  };

  // `buffer` is only used during a read, so all readers of a loop share one.
  PipeReader(const asio::any_io_executor& executor, OutputStream stream, std::span<char> buffer,
             Owner& owner);
  ~PipeReader();
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  // From now on the descriptor does not block.
  Error attach(UniqueFd read_end);
  // Begins, or goes on after the owner wanted no more.
  void resume();
  // Reads what is there without waiting for the loop to tell.
  void read_now();
  void close();
  // How much waits in the pipe.
  std::size_t unread_bytes() const;
  bool open() const { return state_->descriptor.is_open(); }
  // What /proc calls the pipe.
  std::string link() const;

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : descriptor(executor) {}
    asio::posix::stream_descriptor descriptor;
    PipeReader* reader = nullptr;
    bool waiting = false;
  };
  std::shared_ptr<State> state_;  // the loop's too: its handler may run after our end
  OutputStream stream_;
  std::span<char> buffer_;
  Owner& owner_;
  bool grown_ = false;
};

}  // namespace errand
