// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace errand {

// Writes to a descriptor that makes nobody wait for long, a file mostly. False, with errno: some of
// it is not written.
bool write_all(int fd, std::string_view bytes);

}  // namespace errand
