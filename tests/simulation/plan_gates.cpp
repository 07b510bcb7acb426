// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_gates.h"

#include <algorithm>
#include <utility>

namespace errand::simulation {
namespace {

constexpr Duration kRounding = std::chrono::microseconds(1);

unsigned share(const Task& group, unsigned weight) { return std::min(weight, group.jobs->value); }

}  // namespace

GateWatch::GateWatch(VirtualRuntime& runtime, Trace& trace, const PlanSpec& spec,
                     const BuiltPlan& built, const FewTokens* tokens)
    : runtime_(runtime),
      trace_(trace),
      plan_(*built.plan),
      nodes_(built.nodes),
      delay_(spec.delay),
      tokens_(tokens),
      groups_(built.nodes.size()),
      tasks_(built.nodes.size()),
      locks_(plan_.limits().size()) {
  for (const Task& task : plan_.tasks()) {
    has_hedges_ |= task.policy->hedge.has_value();
  }
}

// ---- starts and ends

void GateWatch::attempt_started(const Task& task, int attempt, int slot) {
  admit(task, attempt);
  const bool service = task.policy->service;
  expect((slot == 0) == service, "a service has a slot, or a task has none", task);
  if (service) return;
  expect(slots_.insert(slot).second, "two attempts in one slot", task);
  expect(slot <= static_cast<int>(slots_.size()), "a slot's number is not the smallest", task);
  if (delay_ && last_start_) {
    expect(now() - *last_start_ >= *delay_ - kRounding, "two starts closer than the delay", task);
  }
  last_start_ = now();
  for_each_group(task, [&](const Task& group) {
    std::optional<TimePoint>& last = groups_[group.id].last_start;
    const auto& apart = node(group).apart;
    if (apart && last) expect(now() - *last >= *apart - kRounding, "starts above the rate", task);
    last = now();
  });
  take_turn(task);
}

void GateWatch::take_turn(const Task& task) {
  last_turn_ = now();
  for_each_group(task, [&](const Task& group) { groups_[group.id].last_turn = now(); });
}

void GateWatch::attempt_ended(const Task& task, const AttemptEnded& event, int slot) {
  slots_.erase(slot);
  for (const auto& [group, generation] : tasks_[task.id].permits[event.attempt]) {
    judge(plan_.task(group), generation, event.state);
  }
}

void GateWatch::begins(const Task& task) {
  if (task.policy->service) return;
  const Policy& policy = *task.policy;
  for_each_group(task, [&](const Task& group) {
    if (!has_limit(group)) return;
    unsigned& used = groups_[group.id].used;
    used += share(group, policy.weight);
    expect(used <= group.jobs->value, "more attempts than a group's jobs", group);
  });
  if (tasks_[task.id].running++ > 0) return;
  for (const Lock& lock : policy.locks) {
    locks_[lock.limit] += lock.count;
    expect(locks_[lock.limit] <= plan_.limits()[lock.limit].count, "a lock held too often", task);
  }
  if (policy.interactive) expect(++terminals_ == 1, "two tasks have the terminal", task);
}

void GateWatch::returns(const Task& task) {
  if (task.policy->service) return;
  const Policy& policy = *task.policy;
  for_each_group(task, [&](const Task& group) {
    if (has_limit(group)) groups_[group.id].used -= share(group, policy.weight);
  });
  if (--tasks_[task.id].running > 0) return;
  for (const Lock& lock : policy.locks) locks_[lock.limit] -= lock.count;
  if (policy.interactive) --terminals_;
}

// ---- breakers

bool GateWatch::refuses(const Task& group) const {
  if (!group.policy->breaker) return false;
  const Breaker& breaker = groups_[group.id].breaker;
  return breaker.open_until && (now() < *breaker.open_until || breaker.on_trial);
}

bool GateWatch::breaker_refuses(const Task& task) const {
  bool refused = false;
  for_each_group(task, [&](const Task& group) {
    refused |= refuses(group) || groups_[group.id].breaker.trial_over_at == now();
  });
  return refused;
}

void GateWatch::admit(const Task& task, int attempt) {
  auto& permits = tasks_[task.id].permits[attempt];
  for_each_group(task, [&](const Task& group) {
    if (!group.policy->breaker) return;
    expect(!refuses(group), "an attempt began although the breaker is open", task);
    Breaker& breaker = groups_[group.id].breaker;
    if (breaker.open_until && !std::exchange(breaker.on_trial, true)) ++breaker.generation;
    permits.emplace_back(group.id, breaker.generation);
  });
}

void GateWatch::judge(const Task& group, unsigned generation, TaskState state) {
  Breaker& breaker = groups_[group.id].breaker;
  if (generation != breaker.generation) return;
  const bool failed = state == TaskState::failed || state == TaskState::timed_out;
  const bool trial = std::exchange(breaker.on_trial, false);
  if (trial) breaker.trial_over_at = now();
  if (!failed && state != TaskState::succeeded) return;
  breaker.in_a_row = failed ? breaker.in_a_row + 1 : 0;
  if (!failed && trial) {
    breaker.open_until.reset();
    ++breaker.generation;
  } else if (failed && (trial || breaker.in_a_row >= group.policy->breaker->failures)) {
    breaker.open_until = now() + group.policy->breaker->delay;
    breaker.in_a_row = 0;
    ++breaker.generation;
  }
}

// ---- waiting

bool GateWatch::fits(const Task& group, unsigned weight) const {
  return !has_limit(group) || groups_[group.id].used + share(group, weight) <= group.jobs->value;
}

bool GateWatch::locks_free(const Task& task) const {
  if (task.policy->interactive && terminals_ > 0) return false;
  return std::ranges::all_of(task.policy->locks, [this](const Lock& lock) {
    return locks_[lock.limit] + lock.count <= plan_.limits()[lock.limit].count;
  });
}

bool GateWatch::too_early(const Task& task) const {
  // Nobody tells of a hedge that had its turn and then did not start.
  const auto early_for = [this](const std::optional<Duration>& apart,
                                const std::optional<TimePoint>& last) {
    return apart && last && (has_hedges_ || now() - *last < *apart);
  };
  bool early = early_for(delay_, last_turn_);
  for_each_group(task, [&](const Task& group) {
    early |= early_for(node(group).apart, groups_[group.id].last_turn);
  });
  return early;
}

// Who is too heavy for a limit keeps others from what is left of it.
bool GateWatch::held_up(const Task& task, const std::vector<const Task*>& others) const {
  if (tokens_ && tokens_->none_left()) return true;
  if (!locks_free(task) || too_early(task)) return true;
  for (const Task* other : others) {  // between two hedges it keeps its locks
    if (other->policy->hedge && !other->policy->locks.empty()) return true;
  }
  bool held_up = false;
  for_each_group(task, [&](const Task& group) {
    held_up |= !fits(group, task.policy->weight);
    if (!has_limit(group)) return;
    for (const Task* other : others) {
      bool in_it = false;
      for_each_group(*other, [&](const Task& around) { in_it |= around.id == group.id; });
      held_up |= in_it && !fits(group, other->policy->weight);
    }
  });
  return held_up;
}

void GateWatch::check_end() const {
  const auto is_zero = [](unsigned count) { return count == 0; };
  trace_.expect(std::ranges::all_of(locks_, is_zero), "a lock is still held", "at the end");
  trace_.expect(slots_.empty(), "a slot is still taken", "at the end");
  if (tokens_) trace_.expect(tokens_->all_back(), "a token has not come back", "at the end");
}

}  // namespace errand::simulation
