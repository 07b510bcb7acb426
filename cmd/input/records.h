// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/io/unique_fd.h"

namespace errand::cmd {

// What a descriptor has, cut at a byte, read as it arrives. Memory: one record and one buffer.
class Records {
 public:
  static constexpr std::size_t kRecordBytesMax = std::size_t{16} << 20;

  // `name` is for messages; `begin` was read already; `end` ends a record, the last one with or
  // without it.
  Records(Runtime& runtime, std::string name, UniqueFd file, std::string begin, char end);

  // The next record, without its end, if it is here.
  bool take(std::string& record);
  // True: take() will never find another one.
  bool at_end() const { return ended_ && at_ == text_.size(); }
  // Waits for more. An InputFailure, or the context's error.
  awaitable<Error> read_more(Context context);

  const std::string& name() const { return name_; }
  std::uint32_t number() const { return number_; }  // of the record taken last, from 1

 private:
  std::string name_;
  UniqueFd file_;
  std::string text_;
  char end_;
  // Asio would make the descriptor non-blocking for every process that shares it, so it watches an
  // epoll set around it. None: always readable (a file).
  std::unique_ptr<asio::posix::stream_descriptor> watched_;
  Error unwatched_;     // why not, where it ought to be
  std::size_t at_ = 0;  // begin of the next record in text_
  std::uint32_t number_ = 0;
  bool ended_ = false;
};

}  // namespace errand::cmd
