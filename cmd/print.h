// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace errand::cmd {

// Prints lines on standard error.
void print_errors(const std::vector<std::string>& lines);
// Prints on standard output; kErrandFailed when that is impossible, else 0.
int print(const std::string& text);

}  // namespace errand::cmd
