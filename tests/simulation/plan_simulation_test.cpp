// SPDX-License-Identifier: Apache-2.0
#include "simulation/campaign.h"
#include "simulation/plan_tree.h"
#include "simulation/plan_world.h"

using namespace errand::simulation;

// Long: it runs hundreds of random worlds.
TEST_CASE("[P7] [P22] random plans keep every promise of runs", "[long:120]") {
  const auto text = [](const PlanSpec& spec) { return describe(spec); };
  run_campaign(Simulation<PlanSpec>{"plans", plan_trees(), run_plan, text});
}
