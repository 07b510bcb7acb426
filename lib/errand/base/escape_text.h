// SPDX-License-Identifier: Apache-2.0
//
// Text that came from elsewhere (a task file, a process) on its way into errand's own lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace errand {

// One line that can steer neither a terminal nor a CI system: control characters (C0, DEL, C1),
// line and paragraph separators, characters that turn the writing direction, and bytes that are not
// UTF-8 become \n, \t, \e, \xNN or \u{NNNN}, and so does the first character of a CI command (`::`
// at the beginning, `##[`, `##vso[`, `##teamcity[` anywhere). Everything else stays, backslashes
// too.
std::string escape_text(std::string_view text);

// escape_text of one line of a process's output: escape sequences (colours, cursor moves, titles)
// are taken out first, of a line rewritten with carriage returns the last version stays, tabs stay.
std::string plain_line(std::string_view line);

// How wide escaped text is on a terminal: combining characters count 0, East Asian wide ones and
// emoji 2.
std::size_t text_columns(std::string_view text);

// At most `columns` wide; what is cut off shows as "…".
std::string shorten(std::string_view text, std::size_t columns);

}  // namespace errand
