// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/overrides.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

namespace errand {
namespace {

using SharedPolicy = std::shared_ptr<const Policy>;

// Halt, retries and niceness in a policy of the task's own. Null: nothing changes.
SharedPolicy changed(const Overrides& overrides, const Task& task, bool is_run) {
  const bool halts = is_run && overrides.halt;
  const bool retries =
      !task.is_group && overrides.retries && task.policy->retry.count == 0 && !task.policy->hedge;
  const bool is_nice = !task.is_group && overrides.nice;
  if (!halts && !retries && !is_nice) return nullptr;
  auto policy = std::make_shared<Policy>(*task.policy);
  if (halts) policy->halt = overrides.halt;
  if (retries) policy->retry.count = *overrides.retries;
  if (is_nice) policy->nice = overrides.nice;
  return policy;
}

using Env = std::shared_ptr<const std::vector<EnvEntry>>;

Env extend(const Env& env, const std::vector<EnvEntry>& entries) {
  auto extended = *env;
  extended.insert(extended.end(), entries.begin(), entries.end());
  return std::make_shared<const std::vector<EnvEntry>>(std::move(extended));
}

void apply_settings(const Overrides& overrides, Task& task, bool is_run) {
  if (is_run) {
    if (overrides.mode) task.mode = *overrides.mode;
    if (overrides.jobs) task.jobs = *overrides.jobs;
    if (overrides.timeout) task.timeout = *overrides.timeout;
  }
  if (overrides.grace) task.grace = *overrides.grace;
  // A service runs for as long as it is needed.
  if (overrides.task_timeout && !task.is_group && !task.policy->service) {
    task.timeout = std::min(task.timeout.value_or(Duration::max()), *overrides.task_timeout);
  }
}

}  // namespace

void apply(const Overrides& overrides, Task& task) {
  apply_settings(overrides, task, false);
  if (!overrides.env.empty()) task.env = extend(task.env, overrides.env);
  if (SharedPolicy policy = changed(overrides, task, false)) task.policy = std::move(policy);
}

Plan apply(const Overrides& overrides, Plan plan) {
  std::vector<Task> tasks = plan.take_tasks();
  // Tasks that share something go on sharing it; the old ones are kept alive, so that no new one
  // can take their place.
  std::unordered_map<SharedPolicy, SharedPolicy> policies;
  std::unordered_map<Env, Env> extended;
  for (Task& task : tasks) {
    apply_settings(overrides, task, task.id == 0);
    if (!overrides.env.empty()) {
      Env& env = extended[task.env];
      if (!env) env = extend(task.env, overrides.env);
      task.env = env;
    }
    if (task.is_group) {
      if (SharedPolicy policy = changed(overrides, task, task.id == 0)) task.policy = policy;
      continue;
    }
    const auto [known, is_new] = policies.try_emplace(task.policy);
    if (is_new) known->second = changed(overrides, task, false);
    if (known->second) task.policy = known->second;
  }
  return Plan(std::move(tasks), plan.limits());
}

Task make_run_group(std::string name, const Overrides& overrides) {
  Task group;
  group.is_group = true;
  group.name = std::move(name);
  group.env = std::make_shared<const std::vector<EnvEntry>>();
  apply_settings(overrides, group, true);
  if (SharedPolicy policy = changed(overrides, group, true)) group.policy = std::move(policy);
  return group;
}

}  // namespace errand
