// SPDX-License-Identifier: Apache-2.0
//
// A random plan, what its attempts do, and the signals that come meanwhile. Data only; running it
// is plan_world's business.
#pragma once

#include <rapidcheck/Gen.h>
#include <rapidcheck/Random.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "errand/plan/plan.h"

namespace errand::simulation {

// How an attempt goes. not_found: it never starts; throws: the executor breaks.
enum class Outcome : std::uint8_t { exits, not_found, throws };

// One attempt.
struct Turn {
  Outcome outcome = Outcome::exits;
  Duration takes{};
  int exit_code = 0;
  bool operator==(const Turn&) const = default;
};

struct NodeNeed {
  unsigned number = 0;  // of a node; one that is gone from the tree does not count
  Condition condition = Condition::success;
};

struct NodeLock {
  unsigned limit = 0;  // which of the plan's, counted round
  unsigned count = 1;
};

struct NodeService {
  enum class Check : std::uint8_t { none, log, exec };
  Check check = Check::none;
  Duration ready_after{};    // from the attempt's start
  Duration ready_timeout{};  // of the check
};

struct NodeRetry {
  unsigned count = 1;
  Duration delay{};
  bool jitter = false;
  std::vector<int> on_exit;
  bool on_timeout = true;
};

struct NodeHedge {
  Duration delay{};
  unsigned max_attempts = 2;
  std::vector<int> non_fatal_exit;
};

struct NodeAllow {
  bool any = false;
  std::vector<int> exit_codes;
};

struct PlanNode {
  unsigned number = 0;  // unique
  // What would make the plan wait in a circle, or the readers refuse it, does not count.
  std::vector<NodeNeed> needs;
  std::optional<Duration> timeout;
  When when = When::on_success;
  bool excluded = false;

  // Tasks.
  std::vector<Turn> turns = {Turn()};  // by attempt, the last again and again
  Duration stops_in{};                 // from the polite signal
  bool ignores_stop = false;           // until the grace is over
  bool exits_cleanly = false;          // with 0 when it is stopped
  Duration grace{};
  std::optional<NodeAllow> allow;
  bool turns_codes_round = false;  // 0 is a failure, 1 a success
  std::optional<NodeRetry> retry;
  std::optional<NodeHedge> hedge;
  std::optional<Duration> deadline;
  std::vector<NodeLock> locks;
  unsigned weight = 1;
  bool interactive = false;
  unsigned key = 0;  // 0 = none
  std::optional<NodeService> service;

  // Groups.
  bool is_group = false;
  Mode mode = Mode::errgroup;
  unsigned jobs = 0;  // 0 = no limit of its own
  std::optional<Halt> halt;
  std::optional<Duration> apart;  // starts
  std::optional<BreakerRule> breaker;
  bool reversed = false;  // the file names its tasks in the other order
  std::vector<PlanNode> children;
};

struct PlanSpec {
  PlanNode root;
  std::vector<unsigned> limits;  // their counts
  std::optional<Duration> signal_at;
  std::optional<Duration> second_signal_after;  // the first
  std::optional<Duration> delay;                // between the starts of any two attempts
  unsigned tokens = 0;  // attempts that a jobserver allows; 0 = there is none
};

rc::Gen<PlanSpec> plan_trees();
PlanSpec draw_plan(const rc::Random& random);
std::vector<PlanSpec> smaller_plans(const PlanSpec& spec);
// One line a task, in the order of the plan.
std::string describe(const PlanSpec& spec);

// The plan, and the node of each task by its id.
struct BuiltPlan {
  std::optional<Plan> plan;
  std::vector<const PlanNode*> nodes;
};
BuiltPlan build_plan(const PlanSpec& spec);

// Has the group a service, or a group with one, that does not run last?
bool has_services(std::span<const Task> tasks, TaskId group);
// Is it neither a service nor a group of services alone, nor runs last?
bool is_work(std::span<const Task> tasks, TaskId id);
// Does what has this need keep the services of `needed`, which may be one itself?
bool keeps_services(const Task& needed, const Need& need);

}  // namespace errand::simulation
