// SPDX-License-Identifier: Apache-2.0
//
// Objects that change what a process finds around it, for one test. Each restores it at its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "errand/io/unique_fd.h"

namespace errand::test {

// Empties the environment.
class Environment {
 public:
  Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  void set(const std::string& name, const std::string& value);
  void clear();

 private:
  std::vector<std::string> before_;  // "NAME=value"
};

// Makes `path` the current folder.
class WorkingFolder {
 public:
  explicit WorkingFolder(const std::string& path);
  WorkingFolder(const WorkingFolder&) = delete;
  WorkingFolder& operator=(const WorkingFolder&) = delete;
  ~WorkingFolder();

  void enter(const std::string& path);

 private:
  UniqueFd before_;
};

// Puts `file` in the place of the descriptor `fd`.
class ReplacedDescriptor {
 public:
  ReplacedDescriptor(int fd, UniqueFd file);
  ReplacedDescriptor(const ReplacedDescriptor&) = delete;
  ReplacedDescriptor& operator=(const ReplacedDescriptor&) = delete;
  ~ReplacedDescriptor();

 private:
  int fd_;
  UniqueFd before_;  // empty: `fd` was closed
};

// Makes standard input a pipe that has `text`, at most 64 KiB, and then ends; without a text it is
// /dev/null.
class StandardInput {
 public:
  StandardInput();
  explicit StandardInput(std::string_view text);

 private:
  ReplacedDescriptor in_;
};

// Collects what is written to standard error.
class StandardError {
 public:
  StandardError();
  std::string text() const;

 private:
  UniqueFd file_;
  ReplacedDescriptor err_;
};

}  // namespace errand::test
