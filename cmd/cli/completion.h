// SPDX-License-Identifier: Apache-2.0
//
// Scripts that complete errand's words, made from the definitions of its commands and options.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli/option_spec.h"

namespace errand::cmd {

std::string bash_completion(const std::vector<CommandSpec>& commands);
std::string zsh_completion(const std::vector<CommandSpec>& commands);
std::string fish_completion(const std::vector<CommandSpec>& commands);

}  // namespace errand::cmd
