// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "errand/base/result.h"

namespace errand {

// Bytes from "512M", "1.5GiB" or "4096": K, M, G and T, in either case, with B or iB behind or
// without, all of them 1024-based; not 0. The error says what is wrong, not where the text came
// from.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace errand
