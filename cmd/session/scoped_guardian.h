// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cmd/cli/invocation.h"
#include "errand/process/guardian/guardian.h"

namespace errand::cmd {

// Ends the guardian, and lets none of the signals that cancel a run end errand before it or after.
struct GuardianDeleter {
  void operator()(Guardian* guardian) const;
};
using ScopedGuardian = std::unique_ptr<Guardian, GuardianDeleter>;

// The process that outlives an errand that is killed, started while there is little memory to copy;
// null when there cannot be one. Until a run hears of the signals that would cancel it they end
// errand, but the guardian first. One at a time.
ScopedGuardian start_guardian(const RunCommand& command);

// From now on the signals that cancel a run wait for ever. For a run that is over, and hears of
// them no more, while the guardian lives.
void block_canceling_signals();

}  // namespace errand::cmd
