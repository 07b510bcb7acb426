// SPDX-License-Identifier: Apache-2.0
//
// What attempts write, kept to be read again: one file for a whole run, bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "errand/events/output.h"
#include "errand/io/unique_fd.h"

namespace errand {

// Append at the end, read anywhere. The file is made when something is written first. When it
// cannot be, or the disk is full, nothing more is kept: that is no failure of the run.
class OutputStore {
 public:
  static constexpr std::size_t kBufferBytes = 1 << 16;
  static constexpr std::uint64_t kBytesMax = std::uint64_t{512} << 20;

  // "" is a file without a name in `folder`.
  OutputStore(std::string folder, std::string name, std::uint64_t bytes_max = kBytesMax)
      : folder_(std::move(folder)), name_(std::move(name)), bytes_max_(bytes_max) {}

  // A piece without bytes where nothing more is kept.
  OutputPiece append(std::string_view bytes);
  std::string read(const OutputPiece& piece) const;
  void flush();
  std::uint64_t bytes() const { return written_ + buffer_.size(); }
  // Why nothing more is kept; empty: it is.
  const Error& error() const { return error_; }

 private:
  void open_file();

  std::string folder_, name_;
  std::uint64_t bytes_max_;
  UniqueFd file_;
  std::string buffer_;  // what comes after written_
  std::uint64_t written_ = 0;
  Error error_;
};

// Reads a piece of the file at `path`; none where there is no such file.
std::string read_piece(const std::string& path, const OutputPiece& piece);

// Passes everything on to another target, and keeps the beginning and the end of what each attempt
// writes.
class KeepingTarget final : public OutputTarget {
 public:
  static constexpr std::uint64_t kHeadBytes = 256 << 10;  // of an attempt
  static constexpr std::size_t kTailBytes = 64 << 10;
  // Collected in memory before it is appended, so that an attempt has few pieces.
  static constexpr std::size_t kPieceBytes = 4 << 10;

  // Both outlive it.
  KeepingTarget(OutputTarget& next, OutputStore& store) : next_(next), store_(store) {}
  Capture capture() const override { return next_.capture(); }
  std::unique_ptr<OutputSink> open(const Task& task, int attempt) override;
  std::unique_ptr<HeldSink> hold(const Task& task, int attempt) override;

 private:
  OutputTarget& next_;
  OutputStore& store_;
};

}  // namespace errand
