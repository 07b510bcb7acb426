// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "errand/base/error.h"
#include "errand/shell/placeholder.h"

namespace errand {

// Returns why a value would run as code, and what to write instead: a placeholder is in the script
// of `sh -c` (bash, dash, ksh and zsh too), anywhere among the words of a command, or in an
// argument of `eval`. Returns an empty Error if there is none.
Error find_value_run_as_code(std::span<const TemplateWord> argv);

// The same for the commands of a script. Follows quotes, $( ) and backquotes; linear in the script.
Error find_value_run_as_code(const TemplateWord& script);

}  // namespace errand
