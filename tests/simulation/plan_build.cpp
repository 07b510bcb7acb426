// SPDX-License-Identifier: Apache-2.0
//
// From the drawn tree to a plan as the readers would give it.
#include <algorithm>
#include <map>
#include <utility>

#include "simulation/plan_tree.h"

namespace errand::simulation {
namespace {

bool waits_for_end(Condition condition) {
  return condition == Condition::success || condition == Condition::done;
}

// Who waits for whom: a start for its group's start and for what it needs, an end for the ends
// inside, what runs last for those beside it, a service's end for the ends of those that need it or
// a group around it. A group with services is ready when these have started and its tasks ended.
class WaitGraph {
 public:
  explicit WaitGraph(const std::vector<Task>& tasks) : tasks_(tasks) {}

  // Would `from` wait for itself if it needed this?
  bool closes_circle(TaskId from, const Need& need) {
    forget();
    goal_ = from;
    if (reaches(need)) return true;
    // A service does not end before those that need it.
    goal_is_end_ = true;
    bool circle = false;
    for (const Task& task : tasks_) {
      if (!task.policy->service || !keeps_services(tasks_[need.task], need)) continue;
      if (!is_kept_by(task.id, need.task)) continue;
      goal_ = task.id;
      forget();
      circle |= reaches_end(from);
    }
    goal_is_end_ = false;
    return circle;
  }

 private:
  void forget() { seen_.assign(tasks_.size() * 3, false); }

  // Is it the service itself, or a group around it that is ready with it?
  bool is_kept_by(TaskId service, TaskId needed) const {
    for (TaskId at = service; at != 0; at = tasks_[at].parent) {
      if (at == needed) return true;
      if (tasks_[at].policy->when != When::on_success) return false;
    }
    return false;
  }

  bool reaches(const Need& need) {
    if (tasks_[need.task].is_group && need.condition != Condition::done) {
      return reaches_ready(need.task);
    }
    return waits_for_end(need.condition) ? reaches_end(need.task) : reaches_start(need.task);
  }

  bool reaches_ready(TaskId group) {
    if (!has_services(tasks_, group)) return reaches_end(group);
    if (seen_[tasks_.size() * 2 + group]) return false;
    seen_[tasks_.size() * 2 + group] = true;
    if (reaches_start(group)) return true;
    return std::ranges::any_of(tasks_[group].children, [this](TaskId child) {
      const Task& task = tasks_[child];
      if (task.policy->when != When::on_success) return false;
      if (task.policy->service) return reaches_start(child);
      return task.is_group ? reaches_ready(child) : reaches_end(child);
    });
  }

  bool reaches_start(TaskId id) {
    if (!goal_is_end_ && id == goal_) return true;
    if (seen_[id]) return false;
    seen_[id] = true;
    const Task& task = tasks_[id];
    if (id > 0 && reaches_start(task.parent)) return true;
    for (const Need& need : task.needs) {
      if (reaches(need)) return true;
    }
    if (task.policy->when == When::on_success || !task.needs.empty()) return false;
    return std::ranges::any_of(tasks_[task.parent].children, [&](TaskId child) {
      return tasks_[child].policy->when == When::on_success && reaches_end(child);
    });
  }

  bool reaches_end(TaskId id) {
    if (goal_is_end_ && id == goal_) return true;
    if (seen_[tasks_.size() + id]) return false;
    seen_[tasks_.size() + id] = true;
    if (reaches_start(id)) return true;
    for (const TaskId child : tasks_[id].children) {
      if (reaches_end(child)) return true;
    }
    if (!tasks_[id].policy->service) return false;
    if (reaches_work_beside(id)) return true;
    return std::ranges::any_of(tasks_, [&](const Task& user) {
      const bool keeps = std::ranges::any_of(user.needs, [&](const Need& need) {
        return keeps_services(tasks_[need.task], need) && is_kept_by(id, need.task);
      });
      return keeps && reaches_end(user.id);
    });
  }

  // One that nothing needs goes on as long as the work beside it, or beside its group of services.
  bool reaches_work_beside(TaskId service) {
    for (TaskId group = tasks_[service].parent;; group = tasks_[group].parent) {
      for (const TaskId beside : tasks_[group].children) {
        if (is_work(tasks_, beside) && reaches_end(beside)) return true;
      }
      if (group == 0 || is_work(tasks_, group)) return false;
    }
  }

  const std::vector<Task>& tasks_;
  std::vector<bool> seen_;  // starts, then ends
  TaskId goal_ = 0;
  bool goal_is_end_ = false;
};

RetryRule retry_of(const NodeRetry& node) {
  RetryRule rule;
  rule.count = node.count;
  rule.delay = node.delay;
  rule.backoff = RetryRule::Growth::constant;
  rule.jitter = node.jitter ? RetryRule::Jitter::full : RetryRule::Jitter::none;
  rule.on_exit = node.on_exit;
  rule.on_timeout = node.on_timeout;
  return rule;
}

ReadyRule ready_of(const NodeService& node) {
  ReadyRule rule;
  rule.timeout = node.ready_timeout;
  if (node.check == NodeService::Check::log) {
    rule.check = ReadyRule::Log{"up"};
  } else {
    rule.check = ReadyRule::Exec{Argv{"true"}};
  }
  return rule;
}

std::vector<Lock> locks_of(const PlanNode& node, const std::vector<unsigned>& limits) {
  std::map<std::uint32_t, unsigned> counts;
  for (const NodeLock& lock : node.locks) {
    if (limits.empty()) break;
    const auto limit = static_cast<std::uint32_t>(lock.limit % limits.size());
    counts[limit] = std::min(lock.count, limits[limit]);
  }
  std::vector<Lock> locks;
  for (const auto& [limit, count] : counts) locks.push_back({limit, count});
  return locks;
}

Policy policy_of(const PlanNode& node, const std::vector<unsigned>& limits) {
  Policy policy;
  policy.when = node.when;
  if (node.is_group) {
    policy.halt = node.halt;
    if (node.apart) policy.rate = Rate{1, *node.apart};
    policy.breaker = node.breaker;
    return policy;
  }
  if (node.allow) policy.allow_failure = {node.allow->any, node.allow->exit_codes};
  if (node.turns_codes_round) policy.success_exit_codes = {1};
  if (node.retry) policy.retry = retry_of(*node.retry);
  policy.deadline = node.deadline;
  policy.service = node.service.has_value();
  if (policy.service) {
    policy.when = When::on_success;
    if (node.service->check != NodeService::Check::none) policy.ready = ready_of(*node.service);
    return policy;
  }
  if (node.hedge) {
    policy.hedge =
        HedgeRule{node.hedge->delay, node.hedge->max_attempts, node.hedge->non_fatal_exit};
  }
  if (node.key > 0) policy.dedupe_key = "k" + std::to_string(node.key);
  policy.locks = locks_of(node, limits);
  policy.weight = node.weight;
  policy.interactive = node.interactive;
  return policy;
}

class Builder {
 public:
  explicit Builder(const std::vector<unsigned>& limits) : limits_(limits) {}
  std::vector<Task> tasks;
  std::vector<const PlanNode*> nodes;

  TaskId add(const PlanNode& node, TaskId parent) {
    const auto id = static_cast<TaskId>(tasks.size());
    ids_[node.number] = id;
    nodes.push_back(&node);
    Task& task = tasks.emplace_back();
    task.id = id;
    task.parent = parent;
    if (id > 0)
      task.name = (node.is_group ? "g" : node.service ? "s" : "t") + std::to_string(node.number);
    const std::string& around = tasks[parent].full_name;
    task.full_name = around.empty() ? task.name : around + "/" + task.name;
    task.is_group = node.is_group;
    task.timeout = node.timeout;
    task.grace = node.grace;
    task.mode = node.mode;
    if (node.excluded) task.excluded = "if: false";
    if (!node.is_group) task.run = Argv{"true"};
    if (node.jobs > 0) task.jobs = Jobs{Jobs::Kind::count, node.jobs};
    Policy policy = policy_of(node, limits_);
    if (id == 0) policy.when = When::on_success;
    task.policy = std::make_shared<const Policy>(std::move(policy));
    std::vector<TaskId> children;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const std::size_t at = node.reversed ? node.children.size() - 1 - i : i;
      children.push_back(add(node.children[at], id));
    }
    tasks[id].children = std::move(children);
    return id;
  }

  void add_needs() {
    for (const auto& [number, id] : ids_) {
      for (const NodeNeed& need : nodes[id]->needs) add_need(tasks[id], need);
      std::ranges::sort(tasks[id].needs);
    }
  }

 private:
  void add_need(Task& task, const NodeNeed& drawn) {
    const auto found = ids_.find(drawn.number);
    if (found == ids_.end() || task.id == 0) return;
    const Task& needed = tasks[found->second];
    if (is_inside(needed.id, task.id) || is_inside(task.id, needed.id)) return;
    for (const Need& before : task.needs) {
      if (before.task == needed.id) return;
    }
    const Need need{needed.id, suitable(drawn.condition, needed)};
    WaitGraph graph(tasks);
    if (!graph.closes_circle(task.id, need)) task.needs.push_back(need);
  }

  static Condition suitable(Condition drawn, const Task& needed) {
    const bool at_end = waits_for_end(drawn);
    if (needed.policy->service) return at_end ? Condition::ready : drawn;
    if (needed.is_group) return drawn == Condition::started ? Condition::done : drawn;
    return drawn == Condition::ready ? Condition::started : drawn;
  }

  bool is_inside(TaskId inner, TaskId outer) const {
    while (inner > outer) inner = tasks[inner].parent;
    return inner == outer;
  }

  const std::vector<unsigned>& limits_;
  std::map<unsigned, TaskId> ids_;  // by the node's number
};

}  // namespace

bool has_services(std::span<const Task> tasks, TaskId group) {
  return std::ranges::any_of(tasks[group].children, [&](TaskId child) {
    const Policy& policy = *tasks[child].policy;
    return policy.when == When::on_success && (policy.service || has_services(tasks, child));
  });
}

bool is_work(std::span<const Task> tasks, TaskId id) {
  const Policy& policy = *tasks[id].policy;
  if (policy.service || policy.when != When::on_success) return false;
  return !has_services(tasks, id) || std::ranges::any_of(tasks[id].children, [&](TaskId child) {
    return is_work(tasks, child);
  });
}

bool keeps_services(const Task& needed, const Need& need) {
  return !needed.is_group || need.condition != Condition::done;
}

BuiltPlan build_plan(const PlanSpec& spec) {
  Builder builder(spec.limits);
  builder.add(spec.root, 0);
  builder.add_needs();
  std::vector<Limit> limits;
  for (const unsigned count : spec.limits) {
    limits.push_back({"l" + std::to_string(limits.size()), count});
  }
  return {Plan(std::move(builder.tasks), std::move(limits)), std::move(builder.nodes)};
}

}  // namespace errand::simulation
