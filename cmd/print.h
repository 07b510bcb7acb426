// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace errand::cmd {

// Complains on standard error.
void complain(const std::vector<std::string>& lines);
// Prints on standard output; kErrandFailed when that is impossible, else 0.
int print(const std::string& text);

}  // namespace errand::cmd
