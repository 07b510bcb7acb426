// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "errand/plan/policy.h"

namespace errand {

// The argv of a script that is one plain command, which needs no shell: `sh -ec` would do nothing
// but execute it. Its words are ordinary characters, '...', "..." and backslashes. Nothing when
// anything else decides: an expansion, an operator, a comment, an assignment, a second line, or a
// first word that some shell knows itself (echo, cd, if). Says no where shells differ.
std::optional<Argv> plain_command(std::string_view script);

}  // namespace errand
