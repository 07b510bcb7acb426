// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/io_context.hpp>

#include "errand/base/error.h"

namespace errand {

// Does the loop hear of signals and of its timer? Asio ignores that the kernel refused to watch
// them (a limit, no memory), and nothing would ever come then: no end of a process, no timeout.
// Runs the loop for a moment, normally some microseconds; to be called before there is work, where
// SIGCHLD is not blocked.
Error check_loop(asio::io_context& loop);

}  // namespace errand
