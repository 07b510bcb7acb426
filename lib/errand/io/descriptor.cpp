// SPDX-License-Identifier: Apache-2.0
#include "errand/io/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace errand {
namespace {

std::optional<struct ::stat> look(int fd) {
  struct ::stat found;
  if (::fstat(fd, &found) != 0) return std::nullopt;
  return found;
}

bool same(const struct ::stat& a, const struct ::stat& b) {
  if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT)) return false;
  // A terminal may be known under several names.
  if (S_ISCHR(a.st_mode)) return a.st_rdev == b.st_rdev;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

bool same_file(int a, int b) {
  const auto first = look(a), second = look(b);
  return first && second && same(*first, *second);
}

BlockingKind blocking_kind(int fd) {
  const auto found = look(fd);
  if (!found) return BlockingKind::never;
  if (S_ISSOCK(found->st_mode)) return BlockingKind::socket;
  const bool waits = S_ISFIFO(found->st_mode) || (S_ISCHR(found->st_mode) && ::isatty(fd) == 1);
  return waits ? BlockingKind::pipe_or_terminal : BlockingKind::never;
}

UniqueFd reopen_nonblocking(int fd) {
  const auto found = look(fd);
  const int flags = ::fcntl(fd, F_GETFL);
  if (!found || flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return UniqueFd();
  if (S_ISCHR(found->st_mode) && found->st_rdev == ::makedev(5, 2)) return UniqueFd();
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  UniqueFd fresh(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  const auto got = fresh ? look(fresh.get()) : std::nullopt;
  if (!got || !same(*found, *got)) return UniqueFd();
  return fresh;
}

}  // namespace errand
