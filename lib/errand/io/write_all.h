// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "errand/base/error.h"

namespace errand {

// Writes to a descriptor that makes nobody wait for long, a file mostly. False, with errno: some of
// it is not written.
bool write_all(int fd, std::string_view bytes);

// The error of a write to `name` that failed with errno `number`: "write to standard output: No
// space left on device", "standard output is closed".
Error write_failure(std::string_view name, int number);

}  // namespace errand
