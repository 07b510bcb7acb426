// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/shuffle.h"

#include <algorithm>
#include <random>
#include <utility>

namespace errand {
namespace {

// As std::shuffle, but the same with every library.
void mix(std::vector<TaskId>& ids, std::mt19937_64& random) {
  for (std::size_t left = ids.size(); left > 1; --left) {
    std::swap(ids[left - 1], ids[random() % left]);
  }
}

}  // namespace

Plan shuffle(const Plan& plan, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Task> tasks;
  std::vector<TaskId> renumbered(plan.tasks().size());
  std::vector<TaskId> open = {0};  // the next one last
  while (!open.empty()) {
    Task task = plan.task(open.back());
    open.pop_back();
    renumbered[task.id] = static_cast<TaskId>(tasks.size());
    mix(task.children, random);
    open.insert(open.end(), task.children.rbegin(), task.children.rend());
    tasks.push_back(std::move(task));
  }
  for (Task& task : tasks) {
    task.id = renumbered[task.id];
    task.parent = renumbered[task.parent];
    for (TaskId& child : task.children) child = renumbered[child];
    for (Need& need : task.needs) need.task = renumbered[need.task];
    std::ranges::sort(task.needs);
  }
  return Plan(std::move(tasks), plan.limits());
}

}  // namespace errand
