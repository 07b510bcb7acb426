// SPDX-License-Identifier: Apache-2.0
//
// The manual page, made from the definitions of errand's commands and options.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli/option_spec.h"

namespace errand::cmd {

// For troff's man macros.
std::string man_page(const std::vector<CommandSpec>& commands);

}  // namespace errand::cmd
