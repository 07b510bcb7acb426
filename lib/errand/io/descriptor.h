// SPDX-License-Identifier: Apache-2.0
//
// What kind of thing a descriptor writes to, and how to write to it without waiting.
#pragma once

#include <cstdint>

#include "errand/io/unique_fd.h"

namespace errand {

// Do both descriptors lead to the same file, so that one Writer must serve both to keep their
// order?
bool same_file(int a, int b);

enum class BlockingKind : std::uint8_t {
  never,  // files and devices: a write may take long, but waits for nobody
  socket,
  pipe_or_terminal,
};
BlockingKind blocking_kind(int fd);

// A description of its own for the same pipe or terminal, write-only, non-blocking, not inherited;
// what others share with `fd` stays as it is. Empty where that cannot be (no /proc, no permission,
// a pipe without readers, the master side of a pseudo-terminal, which would become a new one).
UniqueFd reopen_nonblocking(int fd);

}  // namespace errand
