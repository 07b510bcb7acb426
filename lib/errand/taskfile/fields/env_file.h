// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "errand/base/result.h"
#include "errand/plan/plan.h"

namespace errand {

// Reads a file of variables as Docker Compose and others do: a line each, NAME=value, with `export`
// before it or not.
//
// - Empty lines and those that begin with # are skipped; so is what follows " #" outside of quotes.
// - 'text' is taken as it is, "text" knows \n \r \t \" \\ \$; both may go over several lines.
// - Nothing is expanded: a $ is a $.
// - NAME<<END takes the lines up to one that is END, as in GitHub's environment files.
// - CRLF ends a line as LF does; a byte order mark is skipped.
//
// In file order; of two with one name the later counts. An error begins with "line 3: " and tells
// the first thing that is wrong.
Result<std::vector<EnvEntry>> parse_env_file(std::string_view text);

}  // namespace errand
