// SPDX-License-Identifier: Apache-2.0
//
// A plan as a list of tasks, for people; only what was drawn otherwise than plain.
#include <string_view>

#include "simulation/plan_tree.h"

namespace errand::simulation {
namespace {

class Line {
 public:
  std::string text;

  void add(std::string_view what) { text.append(", ").append(what); }
  void add_if(bool is, std::string_view what) {
    if (is) add(what);
  }
  void add(std::string_view what, const std::optional<Duration>& time) {
    if (time && *time > Duration::zero()) add(std::string(what) + " " + format_duration(*time));
  }
  void add_codes(std::string_view what, const std::vector<int>& codes) {
    for (const int code : codes) add(std::string(what) + " " + std::to_string(code));
  }
};

std::string describe(const Turn& turn) {
  std::string text = "takes " + format_duration(turn.takes);
  if (turn.outcome == Outcome::not_found) return "is not found";
  if (turn.outcome == Outcome::throws) return "throws";
  return text + ", exit " + std::to_string(turn.exit_code);
}

void add_retry(Line& line, const NodeRetry& retry) {
  line.add("retry " + std::to_string(retry.count) + " after " + format_duration(retry.delay));
  line.add_if(retry.jitter, "with jitter");
  line.add_codes("on exit", retry.on_exit);
  line.add_if(!retry.on_timeout, "not on timeout");
}

void add_hedge(Line& line, const NodeHedge& hedge) {
  line.add("hedge after " + format_duration(hedge.delay) + " up to " +
           std::to_string(hedge.max_attempts));
  line.add_codes("non-fatal exit", hedge.non_fatal_exit);
}

void add_service(Line& line, const NodeService& service) {
  line.add("service");
  if (service.check == NodeService::Check::none) return;
  line.add(service.check == NodeService::Check::log ? "ready by log" : "ready by exec");
  line.add("after", service.ready_after);
  line.add("of at most", service.ready_timeout);
}

void add_task(Line& line, const Task& task, const PlanNode& node) {
  for (const Turn& turn : node.turns) {
    line.text += (&turn == node.turns.data() ? " " : "; then ") + describe(turn);
  }
  line.add("stops in", node.stops_in);
  line.add_if(node.ignores_stop, "ignores the stop");
  line.add_if(node.exits_cleanly, "exits 0 when stopped");
  line.add("grace", node.grace);
  if (node.allow) line.add_if(node.allow->any, "may fail");
  if (node.allow) line.add_codes("may exit", node.allow->exit_codes);
  line.add_if(node.turns_codes_round, "success is exit 1");
  if (node.retry) add_retry(line, *node.retry);
  if (node.service) return add_service(line, *node.service);
  if (node.hedge) add_hedge(line, *node.hedge);
  for (const Lock& lock : task.policy->locks) {
    line.add("locks " + std::to_string(lock.count) + " of l" + std::to_string(lock.limit));
  }
  line.add_if(node.weight > 1, "weight " + std::to_string(node.weight));
  line.add_if(node.interactive, "interactive");
  line.add_if(node.key > 0, "key " + std::to_string(node.key));
}

void add_group(Line& line, const PlanNode& node) {
  line.text.append(" ").append(to_string(node.mode));
  if (node.jobs > 0) line.add("jobs " + std::to_string(node.jobs));
  if (node.halt) line.add("halt " + format(*node.halt));
  line.add("starts apart", node.apart);
  if (node.breaker) {
    line.add("breaker " + std::to_string(node.breaker->failures) + " for " +
             format_duration(node.breaker->delay));
  }
}

std::string describe(const Plan& plan, const Task& task, const PlanNode& node) {
  Line line;
  line.text = (task.full_name.empty() ? "the run" : task.full_name) + ":";
  for (const Need& need : task.needs) {
    line.text += " needs " + plan.task(need.task).full_name;
    if (need.condition != Condition::success) {
      line.text.append(" ").append(to_string(need.condition));
    }
  }
  if (node.is_group) {
    add_group(line, node);
  } else {
    add_task(line, task, node);
  }
  line.add("timeout", task.timeout);
  line.add("deadline", task.policy->deadline);
  if (task.policy->when != When::on_success) line.add(to_string(task.policy->when));
  line.add_if(!task.excluded.empty(), "excluded");
  return line.text;
}

}  // namespace

std::string describe(const PlanSpec& spec) {
  const BuiltPlan built = build_plan(spec);
  std::string text = "plan:\n";
  for (const Task& task : built.plan->tasks()) {
    text += "  " + describe(*built.plan, task, *built.nodes[task.id]) + "\n";
  }
  for (const Limit& limit : built.plan->limits()) {
    text += "  limit " + limit.name + ": " + std::to_string(limit.count) + "\n";
  }
  if (spec.delay) text += "  a delay of " + format_duration(*spec.delay) + "\n";
  if (spec.tokens > 0) text += "  tokens for " + std::to_string(spec.tokens) + "\n";
  if (spec.signal_at) text += "  a signal at " + format_duration(*spec.signal_at) + "\n";
  if (spec.second_signal_after) {
    text += "  another after " + format_duration(*spec.second_signal_after) + "\n";
  }
  return text;
}

}  // namespace errand::simulation
