// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace errand::bench {

// How often this program has asked for memory: malloc, operator new and their aligned forms.
std::uint64_t allocations();

}  // namespace errand::bench
