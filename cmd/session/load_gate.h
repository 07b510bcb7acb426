// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "cmd/cli/invocation.h"

namespace errand::cmd {

// True while the machine has more to do than `load` allows, or less memory available than
// `memory_free_min`. Empty when neither is given. What cannot be found out does not hold back.
std::function<bool()> load_gate(std::optional<LoadLimit> load,
                                std::optional<std::uint64_t> memory_free_min, unsigned processors);

}  // namespace errand::cmd
