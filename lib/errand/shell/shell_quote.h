// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace errand {

// `word` as one word for any POSIX shell, whatever its bytes are (NUL apart, which no word has):
// always in quotes.
std::string shell_quote(std::string_view word);

// The same, without quotes where nobody needs them.
std::string shell_quote_if_needed(std::string_view word);

// The same for a word of a command that is shown in one line: what escape_text() would change
// becomes an escape sequence of $'…', which bash, zsh and ksh read.
std::string printable_shell_quote(std::string_view word);

}  // namespace errand
