// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/select.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"

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

bool matches(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

bool matches_any(const std::vector<std::string>& globs, const std::string& name) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return matches(glob, name); });
}

// The tasks that a glob matches.
std::vector<TaskId> find(const Plan& plan, const std::string& glob) {
  std::vector<TaskId> found;
  for (const Task& task : plan.tasks().subspan(1)) {
    if (matches(glob, task.full_name)) found.push_back(task.id);
  }
  return found;
}

Error no_match(const std::string& option, const std::string& glob) {
  return Error::text(option + ": no task matches " + task_file::quote(glob));
}

Plan without(const Plan& plan, const std::vector<std::string>& skip, std::vector<Error>& errors) {
  std::vector<bool> wanted(plan.tasks().size(), true);
  for (const std::string& glob : skip) {
    const std::vector<TaskId> found = find(plan, glob);
    if (found.empty()) errors.push_back(no_match("--skip", glob));
    for (const TaskId id : found) wanted[id] = false;
  }
  // Parents come before their children.
  for (const Task& task : plan.tasks()) {
    if (!wanted[task.parent]) wanted[task.id] = false;
  }
  return keep(plan, wanted);
}

}  // namespace

Result<Plan> select(Plan plan, const Selection& selection) {
  std::vector<Error> errors;
  Plan left = selection.skip.empty() ? std::move(plan) : without(plan, selection.skip, errors);
  if (errors.empty() && selection.names.empty() && selection.only.empty()) return left;
  const Names known = names_of(left);
  std::vector<bool> wanted(left.tasks().size());
  for (const std::string& name : selection.names) {
    const auto found = name.empty() ? known.end() : known.find(name);
    if (found == known.end()) {
      errors.push_back(unknown_task(left, name));
    } else {
      mark(left, found->second, wanted);
    }
  }
  for (const std::string& glob : selection.only) {
    const std::vector<TaskId> found = find(left, glob);
    if (found.empty()) errors.push_back(no_match("--only", glob));
    for (const TaskId id : found) mark(left, id, wanted);
  }
  if (!errors.empty()) return std::unexpected(Aggregate::make(std::move(errors)));
  return keep(left, wanted);
}

bool is_selected(const std::string& full_name, const std::vector<std::string>& only,
                 const std::vector<std::string>& skip) {
  return !matches_any(skip, full_name) && (only.empty() || matches_any(only, full_name));
}

}  // namespace errand
