// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "errand/base/error.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"

namespace errand {

// Connects once and closes at once. None when somebody accepts; otherwise "connect HOST:PORT: ..."
// of the first address, or the context's done_error() as soon as that is done. Numbers and
// "localhost" are not looked up. A look-up of another name that nobody waits for any more
// ends by itself.
awaitable<Error> connect_once(Context context, std::string host, std::string port);

}  // namespace errand
