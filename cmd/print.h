// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace errand::cmd {

// Prints lines on standard error.
void print_errors(const std::vector<std::string>& lines);
// Prints on standard output and returns 0. If that fails, prints why on standard error and returns
// kErrandFailed; if the reader has gone, dies of SIGPIPE.
int print(const std::string& text);

}  // namespace errand::cmd
