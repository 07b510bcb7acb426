// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "errand/input.h"
#include "errand/run/runner.h"

namespace errand::cmd {

// Tasks as lines of JSON, read as they arrive. Memory: one line and one buffer.
class StreamSource final : public TaskSource {
 public:
  static constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;

  StreamSource(Runtime& runtime, TaskStream stream, Overrides overrides);
  awaitable<Result<std::optional<Task>>> next(Context context) override;

 private:
  bool take_line(std::string& line);
  Result<std::optional<Task>> read_task(const std::string& line);
  awaitable<Error> read_more(Context context);

  Runtime& runtime_;
  TaskStream stream_;
  Overrides overrides_;
  TaskLineReader reader_;
  // Asio would make the descriptor non-blocking for every process that shares it, so it watches an
  // epoll set around it. None: always readable (a file).
  std::unique_ptr<asio::posix::stream_descriptor> watched_;
  std::size_t at_ = 0;  // begin of the next line in stream_.begin
  std::uint32_t line_ = 0;
  TaskId tasks_ = 0;
  bool end_ = false;
};

}  // namespace errand::cmd
