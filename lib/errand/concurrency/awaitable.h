// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

namespace errand {

// The coroutine type: everything that may wait returns one.
template <class T = void>
using awaitable = asio::awaitable<T>;

}  // namespace errand
