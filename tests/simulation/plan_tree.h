// SPDX-License-Identifier: Apache-2.0
//
// A random plan, what its attempts do, and the signals that come meanwhile. Data only; running it
// is plan_world's business.
#pragma once

#include <rapidcheck/Gen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "errand/plan/plan.h"

namespace errand::simulation {

// How an attempt goes. not_found: it never starts; throws: the executor breaks.
enum class Course : std::uint8_t { exits, not_found, throws };

struct PlanNode {
  unsigned number = 0;          // unique; needs are of smaller ones, so nothing waits in a circle
  std::vector<unsigned> needs;  // those that are gone from the tree do not count
  std::optional<Duration> timeout;

  // Tasks.
  Course course = Course::exits;
  Duration takes{};
  int exit_code = 0;
  Duration stops_in{};         // from the polite signal
  bool ignores_stop = false;   // until the grace is over
  bool exits_cleanly = false;  // with 0 when it is stopped
  Duration grace = std::chrono::seconds(5);

  // Groups.
  bool is_group = false;
  Mode mode = Mode::errgroup;
  unsigned jobs = 0;      // 0 = no limit of its own
  bool reversed = false;  // the file names its tasks in the other order
  std::vector<PlanNode> children;
};

struct PlanSpec {
  PlanNode root;
  std::optional<Duration> signal_at;
  std::optional<Duration> second_signal_after;  // the first
};

rc::Gen<PlanSpec> plan_trees();
// One line a task, in the order of the plan.
std::string describe(const PlanSpec& spec);

// The plan, and the node of each task by its id.
struct BuiltPlan {
  std::optional<Plan> plan;
  std::vector<const PlanNode*> nodes;
};
BuiltPlan build_plan(const PlanSpec& spec);

}  // namespace errand::simulation
