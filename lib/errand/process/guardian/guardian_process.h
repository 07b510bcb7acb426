// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "errand/process/guardian/guardian.h"

namespace errand::detail {

// The name by which `ps` and other guardians know a guardian. Not errand's own, so that
// `pkill errand` leaves it to do its work.
inline constexpr char kGuardianName[] = "guardian";

// All that a guardian does: waits for the end of its parent `guarded`, then kills what that has
// left. Never returns.
[[noreturn]] void run_guardian(pid_t guarded, GuardedGroups& shared);

}  // namespace errand::detail
