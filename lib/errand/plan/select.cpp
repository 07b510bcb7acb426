// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/select.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "errand/base/nearest.h"
#include "errand/plan/quote.h"

namespace errand {
namespace {

using Names = std::unordered_map<std::string_view, TaskId>;

Names names_of(const Plan& plan) {
  Names names;
  for (const Task& task : plan.tasks()) names.emplace(task.full_name, task.id);
  return names;
}

Error unknown_task(const Plan& plan, const std::string& name) {
  std::vector<std::string_view> known;
  for (const Task& task : plan.tasks()) known.push_back(task.full_name);
  const std::string near = nearest(name, known);
  return Error::text("there is no task " + task_file::quote(name) +
                     (near.empty() ? "" : ", did you mean " + task_file::quote(near) + "?"));
}

// Marks a task, all inside it, what it and the groups around it need, and those groups.
void mark(const Plan& plan, TaskId first, std::vector<bool>& wanted) {
  // Groups around a task come along without the rest of what is in them.
  std::vector<std::pair<TaskId, bool>> open = {{first, true}};
  std::vector<bool> whole(wanted.size());
  while (!open.empty()) {
    const auto [id, with_children] = open.back();
    open.pop_back();
    if (whole[id] || (wanted[id] && !with_children)) continue;
    const Task& task = plan.task(id);
    wanted[id] = true;
    if (with_children) {
      whole[id] = true;
      for (const TaskId child : task.children) open.emplace_back(child, true);
    }
    for (const Need& need : task.needs) open.emplace_back(need.task, true);
    if (task.parent != id) open.emplace_back(task.parent, false);
  }
}

Plan keep(const Plan& plan, const std::vector<bool>& wanted) {
  std::vector<TaskId> renumbered(wanted.size());
  std::vector<Task> tasks;
  for (const Task& task : plan.tasks()) {
    if (!wanted[task.id]) continue;
    renumbered[task.id] = static_cast<TaskId>(tasks.size());
    tasks.push_back(task);
  }
  for (Task& task : tasks) {
    task.id = renumbered[task.id];
    task.parent = renumbered[task.parent];
    std::erase_if(task.children, [&](TaskId id) { return !wanted[id]; });
    for (TaskId& id : task.children) id = renumbered[id];
    std::erase_if(task.needs, [&](const Need& need) { return !wanted[need.task]; });
    for (Need& need : task.needs) need.task = renumbered[need.task];
  }
  return Plan(std::move(tasks), plan.limits());
}

}  // namespace

Result<Plan> select(const Plan& plan, const std::vector<std::string>& names) {
  if (names.empty()) return plan;
  const Names known = names_of(plan);
  std::vector<bool> wanted(plan.tasks().size());
  std::vector<Error> errors;
  for (const std::string& name : names) {
    const auto found = name.empty() ? known.end() : known.find(name);
    if (found == known.end()) {
      errors.push_back(unknown_task(plan, name));
    } else {
      mark(plan, found->second, wanted);
    }
  }
  if (!errors.empty()) return std::unexpected(Aggregate::make(std::move(errors)));
  return keep(plan, wanted);
}

namespace {

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
  if (overrides.task_timeout && !task.is_group) {
    task.timeout = std::min(task.timeout.value_or(Duration::max()), *overrides.task_timeout);
  }
}

}  // namespace

void apply(const Overrides& overrides, Task& task) {
  apply_settings(overrides, task, false);
  if (!overrides.env.empty()) task.env = extend(task.env, overrides.env);
}

Plan apply(const Overrides& overrides, const Plan& plan) {
  std::vector<Task> tasks(plan.tasks().begin(), plan.tasks().end());
  std::unordered_map<const void*, Env> extended;  // tasks that share one go on sharing
  for (Task& task : tasks) {
    apply_settings(overrides, task, task.id == 0);
    if (overrides.env.empty()) continue;
    Env& env = extended[task.env.get()];
    if (!env) env = extend(task.env, overrides.env);
    task.env = env;
  }
  return Plan(std::move(tasks), plan.limits());
}

}  // namespace errand
