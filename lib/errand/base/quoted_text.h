// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace errand::task_file {

// escape_text() for a message. Cut to `bytes_max` at a character's end, with "..." behind.
std::string escape(std::string_view text, std::size_t bytes_max = std::string_view::npos);

inline constexpr std::size_t kQuotedBytesMax = 80;
// The same in double quotes, and short: what a message repeats of its input.
std::string quote(std::string_view text);

}  // namespace errand::task_file
