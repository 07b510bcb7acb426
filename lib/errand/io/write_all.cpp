// SPDX-License-Identifier: Apache-2.0
#include "errand/io/write_all.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace errand {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

Error write_failure(std::string_view name, int number) {
  if (number == EBADF) return Error::text(std::string(name) + " is closed");
  return Error::system("write to " + std::string(name), number);
}

}  // namespace errand
