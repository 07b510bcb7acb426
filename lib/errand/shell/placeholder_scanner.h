// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "errand/base/result.h"
#include "errand/shell/placeholder.h"

namespace errand {

// What a value would stand inside of.
enum class Quoting : std::uint8_t { none, single_quotes, double_quotes };

struct FoundPlaceholder {
  PlacedPlaceholder place;
  Quoting quoting = Quoting::none;
  // It is a word of its own outside of quotes, and no file of a redirection: several values may
  // take its place.
  bool is_word = false;
  // Of {#} and {%}: bare digits would be something else here, such as a descriptor's number.
  bool needs_quotes = false;
};

// The placeholders in a script for a POSIX shell (sh, bash, ksh, zsh), with the quotes around them
// as the shell sees them. A placeholder where no quoting is safe in every such shell is an error
// that names the place: in a here-document, a comment, backquotes, ${ }, arithmetic, $'...', in
// what may be a subscript, or a pattern in parentheses. {#} and {%}, which become digits, may stand
// anywhere. Takes time linear in the script. A script that is not plain enough to be sure about is
// refused from there on.
Result<std::vector<FoundPlaceholder>> find_placeholders(const TemplateWord& script);

}  // namespace errand
