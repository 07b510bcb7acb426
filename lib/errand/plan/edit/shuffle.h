// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "errand/plan/plan.h"

namespace errand {

// The plan with the tasks of each group in an order that only the seed decides.
Plan shuffle(const Plan& plan, std::uint64_t seed);

}  // namespace errand
