// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/check/conditions.h"

#include "errand/base/quoted_text.h"

namespace errand::task_file {

std::vector<bool> find_late_tasks(const Draft& draft) {
  std::vector<bool> late(draft.tasks.size());
  for (const Task& task : draft.tasks) {
    late[task.id] = task.id != 0 && task.policy->when != When::on_success;
  }
  for (const NeedField& need : draft.needs) late[need.task] = false;
  return late;
}

Condition default_condition(const Task& needed) {
  return needed.policy->service ? Condition::ready : Condition::success;
}

std::string describe_wrong_condition(const Task& needed, Condition condition) {
  const std::string name = quote(needed.full_name);
  const bool waits_for_end = condition == Condition::success || condition == Condition::done;
  if (needed.policy->service && waits_for_end) {
    return name + " is a service, which ends only when nothing needs it any more; write " +
           "condition: ready or started";
  }
  if (needed.is_group && condition == Condition::started) {
    return name + " is a group, which has no start of its own to wait for; name one of its " +
           "tasks, or write condition: success, ready or done";
  }
  if (condition == Condition::ready && !needed.policy->service && !needed.is_group) {
    return name + " is no service; write condition: started, success or done, or give it " +
           "service: true";
  }
  return {};
}

std::string describe_late_need(std::span<const Task> tasks, const Task& from, const Task& late) {
  TaskId beside = from.id;  // what stands beside `late` and has `from` in it
  while (beside != 0 && tasks[beside].parent != late.parent) beside = tasks[beside].parent;
  if (beside == 0 || tasks[beside].policy->when != When::on_success) return {};
  const std::string name = quote(late.full_name);
  const std::string when = "when: " + std::string(to_string(late.policy->when));
  const std::string whom = beside == from.id ? "this task" : quote(tasks[beside].full_name);
  return name + " has " + when + " and needs nothing, so it runs after everything else in its " +
         "group, " + whom + " too; give " + name + " needs, or " + whom + " " + when;
}

}  // namespace errand::task_file
