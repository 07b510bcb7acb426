// SPDX-License-Identifier: Apache-2.0
#include "support/surroundings.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace errand::test {
namespace {

void check(bool succeeded, const char* what) {
  if (!succeeded) throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd opened(const char* path) {
  UniqueFd file(::open(path, O_RDWR | O_CLOEXEC));
  check(static_cast<bool>(file), path);
  return file;
}

UniqueFd filled_pipe(std::string_view text) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
  UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  check(::write(in.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  check(::fcntl(out.get(), F_SETFL, 0) == 0, "fcntl");
  return out;
}

}  // namespace

// ---- Environment

Environment::Environment() {
  for (char** entry = environ; entry && *entry; ++entry) before_.emplace_back(*entry);
  clear();
}

Environment::~Environment() {
  clear();
  for (const std::string& entry : before_) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) set(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

void Environment::set(const std::string& name, const std::string& value) {
  check(::setenv(name.c_str(), value.c_str(), 1) == 0, "setenv");
}

void Environment::clear() { ::clearenv(); }

// ---- WorkingFolder

WorkingFolder::WorkingFolder(const std::string& path)
    : before_(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  check(static_cast<bool>(before_), "open the current folder");
  enter(path);
}

WorkingFolder::~WorkingFolder() { (void)!::fchdir(before_.get()); }

void WorkingFolder::enter(const std::string& path) {
  check(::chdir(path.c_str()) == 0, path.c_str());
}

// ---- descriptors

ReplacedDescriptor::ReplacedDescriptor(int fd, UniqueFd file)
    : fd_(fd), before_(::fcntl(fd, F_DUPFD_CLOEXEC, 3)) {
  check(::dup2(file.get(), fd_) == fd_, "dup2");
}

ReplacedDescriptor::~ReplacedDescriptor() {
  if (before_) {
    ::dup2(before_.get(), fd_);
  } else {
    ::close(fd_);
  }
}

StandardInput::StandardInput() : in_(STDIN_FILENO, opened("/dev/null")) {}

StandardInput::StandardInput(std::string_view text) : in_(STDIN_FILENO, filled_pipe(text)) {}

StandardError::StandardError()
    : file_(::memfd_create("stderr", MFD_CLOEXEC)),
      err_(STDERR_FILENO, UniqueFd(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3))) {}

std::string StandardError::text() const {
  std::string text(static_cast<std::size_t>(::lseek(file_.get(), 0, SEEK_END)), '\0');
  check(::pread(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
        "pread");
  return text;
}

}  // namespace errand::test
