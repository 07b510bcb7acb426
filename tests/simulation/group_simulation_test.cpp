// SPDX-License-Identifier: Apache-2.0
#include "simulation/campaign.h"
#include "simulation/group_world.h"
#include "simulation/task_tree.h"

using namespace errand::simulation;

// Long: it runs hundreds of random worlds.
TEST_CASE("random trees of groups keep every promise of groups", "[long:120]") {
  const auto text = [](const Node& root) { return describe(root); };
  run_campaign(Simulation<Node>{"groups", task_trees(), run_tree, text});
}
