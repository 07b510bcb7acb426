// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

namespace errand {

// The coroutine type: everything that may wait returns one. It begins when it is awaited or
// spawned, once, and what has not begun does nothing. Keep coroutine parameters values: references
// must outlive the coroutine.
template <class T = void>
using awaitable = asio::awaitable<T>;

}  // namespace errand
