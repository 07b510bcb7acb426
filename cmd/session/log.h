// SPDX-License-Identifier: Apache-2.0
//
// What errand says of its own doing: --log-file has all of it, -v some. The only user of spdlog is
// log.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "errand/base/error.h"
#include "errand/base/masker.h"

namespace errand::cmd {

enum class LogLevel : std::uint8_t { debug, info, warning };

// Lines with time, process and level, in a file; nothing without one.
class Log {
 public:
  Log();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Appends to the file at `path`; makes it, for its owner alone, where there is none.
  Error open(const std::string& path);
  // Also passes the lines of write_and_show() to `screen`, without time and level.
  void show(std::function<void(const std::string&)> screen);

  // What must not be in a line from now on.
  void mask_with(std::shared_ptr<const Masker> masker) { masker_ = std::move(masker); }

  // For the file; one line, whatever is in `text`. Written at once, so that a crash loses none.
  void write(LogLevel level, const std::string& text);
  // For the file and the screen.
  void write_and_show(const std::string& text);

  bool is_open() const;
  // The first line that could not be written; empty: none.
  const Error& error() const { return error_; }

 private:
  class Screen;
  struct Loggers;
  std::string name_;
  std::unique_ptr<Loggers> loggers_;  // null: neither file nor screen
  std::shared_ptr<const Masker> masker_ = std::make_shared<const Masker>();
  Error error_;
};

}  // namespace errand::cmd
