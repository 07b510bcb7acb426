// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace errand {

// How many processes the kernel has killed since its start because memory ran out, in any group or
// the whole system. None: it does not say (Linux before 4.13, no /proc). /proc/vmstat.
std::optional<std::uint64_t> oom_kills();

}  // namespace errand
