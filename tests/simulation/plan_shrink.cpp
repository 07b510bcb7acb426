// SPDX-License-Identifier: Apache-2.0
//
// Plans a little smaller than one that fails: the largest steps first.
#include <chrono>
#include <cstddef>
#include <utility>

#include "simulation/plan_tree.h"

namespace errand::simulation {
namespace {

template <class Spec, class T>
void simplify(std::vector<Spec>& smaller, const Spec& spec, T Spec::* field) {
  const T plain = Spec().*field;
  if (spec.*field == plain) return;
  smaller.push_back(spec);
  smaller.back().*field = plain;
}

template <class Spec, class T>
void simplify(std::vector<Spec>& smaller, const Spec& spec, std::optional<T> Spec::* field) {
  if (!(spec.*field)) return;
  smaller.push_back(spec);
  (smaller.back().*field).reset();
}

template <class Spec, class... Fields>
void simplify_all(std::vector<Spec>& smaller, const Spec& spec, Fields... fields) {
  (simplify(smaller, spec, fields), ...);
}

template <class Spec, class T>
void leave_out_one(std::vector<Spec>& smaller, const Spec& spec, std::vector<T> Spec::* field,
                   std::size_t least = 0) {
  for (std::size_t i = 0; i < (spec.*field).size() && (spec.*field).size() > least; ++i) {
    smaller.push_back(spec);
    std::vector<T>& left = smaller.back().*field;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// A change to one copy, kept if there was something to change.
template <class Spec, class Change>
void try_change(std::vector<Spec>& smaller, const Spec& spec, Change change) {
  smaller.push_back(spec);
  if (!change(smaller.back())) smaller.pop_back();
}

bool halve(Duration& time) {
  const auto ticks = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (ticks < 2) return false;
  time = std::chrono::seconds(ticks / 2);
  return true;
}
bool halve(std::optional<Duration>& time) { return time && halve(*time); }
bool lower(unsigned& number, unsigned least) { return number > least && number-- > 0; }

// Into a plain task, which does not go on for ever.
bool make_plain(PlanNode& node) {
  if (!node.service) return false;
  node.service.reset();
  node.turns = {Turn()};
  return true;
}

// What stands in a group stands beside it then.
void dissolve_groups(std::vector<PlanNode>& smaller, const PlanNode& node) {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const PlanNode& child = node.children[i];
    if (!child.is_group || child.children.empty()) continue;
    smaller.push_back(node);
    auto& children = smaller.back().children;
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    children.insert(children.begin() + static_cast<std::ptrdiff_t>(i), child.children.begin(),
                    child.children.end());
  }
}

void soften(std::vector<PlanNode>& smaller, const PlanNode& node) {
  const auto change = [&](auto how) { try_change(smaller, node, how); };
  change(make_plain);
  change([](PlanNode& to) { return halve(to.timeout); });
  change([](PlanNode& to) { return halve(to.deadline); });
  change([](PlanNode& to) { return halve(to.stops_in); });
  change([](PlanNode& to) { return halve(to.grace); });
  change([](PlanNode& to) { return lower(to.weight, 1); });
  change([](PlanNode& to) { return to.retry && lower(to.retry->count, 1); });
  change([](PlanNode& to) { return to.retry && halve(to.retry->delay); });
  change([](PlanNode& to) { return to.retry && !std::exchange(to.retry->on_timeout, true); });
  change([](PlanNode& to) { return to.retry && std::exchange(to.retry->jitter, false); });
  change([](PlanNode& to) { return to.hedge && lower(to.hedge->max_attempts, 2); });
  change([](PlanNode& to) { return to.hedge && halve(to.hedge->delay); });
  change([](PlanNode& to) { return to.halt && lower(to.halt->count, 1); });
  change([](PlanNode& to) { return to.breaker && lower(to.breaker->failures, 1); });
  change([](PlanNode& to) { return to.service && halve(to.service->ready_after); });
  for (std::size_t i = 0; i < node.turns.size(); ++i) {
    change([i](PlanNode& to) { return to.turns[i] != Turn() && (to.turns[i] = Turn(), true); });
    change([i](PlanNode& to) { return halve(to.turns[i].takes); });
    change([i](PlanNode& to) { return to.turns[i].exit_code > 1 && (to.turns[i].exit_code = 1); });
  }
  for (std::size_t i = 0; i < node.needs.size(); ++i) {
    change([i](PlanNode& to) {
      return std::exchange(to.needs[i].condition, Condition::success) != Condition::success;
    });
  }
}

std::vector<PlanNode> smaller_nodes(const PlanNode& node) {
  std::vector<PlanNode> smaller;
  leave_out_one(smaller, node, &PlanNode::children);
  dissolve_groups(smaller, node);
  leave_out_one(smaller, node, &PlanNode::needs);
  leave_out_one(smaller, node, &PlanNode::turns, 1);
  leave_out_one(smaller, node, &PlanNode::locks);
  simplify_all(smaller, node, &PlanNode::timeout, &PlanNode::when, &PlanNode::excluded,
               &PlanNode::stops_in, &PlanNode::ignores_stop, &PlanNode::exits_cleanly,
               &PlanNode::grace, &PlanNode::allow, &PlanNode::turns_codes_round, &PlanNode::retry,
               &PlanNode::hedge, &PlanNode::deadline, &PlanNode::weight, &PlanNode::interactive,
               &PlanNode::key, &PlanNode::mode, &PlanNode::jobs, &PlanNode::halt, &PlanNode::apart,
               &PlanNode::breaker, &PlanNode::reversed);
  soften(smaller, node);
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    for (PlanNode& child : smaller_nodes(node.children[i])) {
      smaller.push_back(node);
      smaller.back().children[i] = std::move(child);
    }
  }
  return smaller;
}

}  // namespace

std::vector<PlanSpec> smaller_plans(const PlanSpec& spec) {
  std::vector<PlanSpec> smaller;
  simplify_all(smaller, spec, &PlanSpec::signal_at, &PlanSpec::second_signal_after,
               &PlanSpec::delay, &PlanSpec::tokens);
  leave_out_one(smaller, spec, &PlanSpec::limits);
  try_change(smaller, spec, [](PlanSpec& to) { return halve(to.signal_at); });
  for (PlanNode& root : smaller_nodes(spec.root)) {
    smaller.push_back(spec);
    smaller.back().root = std::move(root);
  }
  return smaller;
}

}  // namespace errand::simulation
