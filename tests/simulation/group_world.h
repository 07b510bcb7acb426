// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/campaign.h"
#include "simulation/task_tree.h"

namespace errand::simulation {

// Runs a tree on a virtual clock and checks the invariants of groups at each step.
SimulationResult run_tree(const Node& root, Tracing tracing);

}  // namespace errand::simulation
