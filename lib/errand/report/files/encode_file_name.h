// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace errand {

inline constexpr std::size_t kFileNameBytesMax = 200;

// A task's name as that of one file or folder. What cannot stand in such a name, on any system that
// it may be copied to, or would steer a terminal becomes %XX, and so do % and # themselves and a
// dot at the beginning. So other names give other files, none of them "." or "..", and a # is free
// for the caller to tell equal ones apart. Of a longer one the beginning stays, with # and a digest
// of the whole.
std::string encode_file_name(std::string_view name);

}  // namespace errand
