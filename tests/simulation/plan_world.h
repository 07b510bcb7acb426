// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulation/campaign.h"
#include "simulation/plan_tree.h"

namespace errand::simulation {

// Runs a plan on a virtual clock without processes and checks the promises of runs at each event.
SimulationResult run_plan(const PlanSpec& spec, Tracing tracing);

}  // namespace errand::simulation
