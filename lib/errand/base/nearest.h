// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace errand {

// The candidate that `word` most likely meant: the fewest edits, at most a third of its length or
// one in a short word; the first of equals. Empty when none is near enough.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace errand
