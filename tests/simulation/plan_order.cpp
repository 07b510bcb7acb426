// SPDX-License-Identifier: Apache-2.0
//
// What waits for what: needs, services, what runs last, slots.
#include <algorithm>

#include "simulation/plan_watch.h"

namespace errand::simulation {

bool PlanWatch::is_good(TaskId id) const {
  const TaskWatch& watch = tasks_[id];
  return watch.state == TaskState::succeeded || watch.allowed || watch.excluded;
}

bool PlanWatch::holds(const Need& need) {
  const TaskWatch& watch = tasks_[need.task];
  switch (need.condition) {
    case Condition::success:
      return watch.is_met ||
             (watch.ended && (watch.state == TaskState::succeeded || watch.allowed));
    case Condition::done:
      return watch.ended;
    case Condition::started:
      return !watch.attempts.empty() || watch.shared;
    case Condition::ready:
      if (plan_.task(need.task).is_group) return holds({need.task, Condition::success});
      return std::ranges::any_of(watch.attempts, &AttemptWatch::ready);
  }
  return false;
}

bool PlanWatch::cannot_hold(const Need& need) {
  if (tasks_[need.task].ended && is_dead(need)) return true;
  if (holds(need)) return false;
  return tasks_[need.task].ended || (need.condition != Condition::done && is_given_up(need.task));
}

// Nothing starts beside a service that has failed, though it was ready before.
bool PlanWatch::is_dead(const Need& need) const {
  const bool service = plan_.task(need.task).policy->service;
  return service && need.condition != Condition::done && tasks_[need.task].ended &&
         !is_good(need.task);
}

// What needs a group with services hears at once that it will not be ready.
bool PlanWatch::is_given_up(TaskId group) {
  return tasks_[group].is_spoiled && has_services(plan_.tasks(), group);
}

// What runs also after a failure only waits for the end then.
bool PlanWatch::needs_met(const Task& task, int attempt) {
  return std::ranges::all_of(task.needs, [&](const Need& need) {
    // In the instant of a service's end an attempt may be on its way, and what has begun is
    // retried.
    const bool is_past = attempt == 1 && is_dead(need) && tasks_[need.task].ended_at < now();
    return (holds(need) && !is_past) ||
           (is_last(task) && (tasks_[need.task].ended || cannot_hold(need)));
  });
}

bool PlanWatch::others_ended(const Task& last) {
  return std::ranges::all_of(parent_of(last).children, [this](TaskId child) {
    return is_last(plan_.task(child)) || tasks_[child].ended;
  });
}

// What `last` waits for, or where it needs nothing whatever has ended in its group.
bool PlanWatch::something_failed(const Task& last) {
  const auto failed = [this](TaskId id) {
    if (tasks_[id].ended) return !is_good(id);
    if (is_given_up(id)) return true;
    return tasks_[id].ready && worked_.contains(plan_.task(id).policy->dedupe_key);  // ends now
  };
  if (last.needs.empty()) return std::ranges::any_of(parent_of(last).children, failed);
  return std::ranges::any_of(last.needs, failed, &Need::task);
}

// Does something need it? `only_now`: something that has not ended.
bool PlanWatch::has_users(const Task& needed, bool only_now) {
  return std::ranges::any_of(plan_.tasks(), [&](const Task& user) {
    if (only_now && of(user).ended) return false;
    return std::ranges::any_of(user.needs, [&](const Need& need) {
      return need.task == needed.id && keeps_services(needed, need);
    });
  });
}

bool PlanWatch::unneeded(const Task& service) {
  if (has_users(service, true)) return false;
  for (const Task* at = &service; at->id != 0 && !is_last(*at);) {
    at = &parent_of(*at);
    if (has_users(*at, true) && !of(*at).is_spoiled) return false;
  }
  return has_users(service, false) || !is_beside_work(service);
}

bool PlanWatch::is_beside_work(const Task& service) {
  for (const Task* group = &parent_of(service);; group = &parent_of(*group)) {
    const bool works = std::ranges::any_of(group->children, [this](TaskId child) {
      return is_work(plan_.task(child)) && !tasks_[child].ended;
    });
    if (works) return true;
    const bool only_services = std::ranges::none_of(
        group->children, [this](TaskId child) { return is_work(plan_.task(child)); });
    if (!only_services || !has_services(plan_.tasks(), group->id)) return false;
    if (group->id == 0) break;
    if (is_last(*group)) return !of(*group).is_met && !of(*group).is_spoiled;
    if (has_users(*group, false)) return false;
  }
  return std::ranges::any_of(plan_.tasks(), [this](const Task& task) {
    bool runs_last = false;
    for_each_around(task,
                    [&](const Task& around) { runs_last |= around.id != 0 && is_last(around); });
    return task.policy->service && !runs_last && !of(task).ended &&
           std::ranges::none_of(of(task).attempts, &AttemptWatch::ready);
  });
}

// Can what needs a group around it count on it?
bool PlanWatch::is_fulfilled(const Task& task) {
  const TaskWatch& watch = of(task);
  if (watch.is_met || (watch.ended && (is_good(task.id) || is_success_without(task)))) return true;
  return task.policy->service && std::ranges::any_of(watch.attempts, &AttemptWatch::ready);
}

bool PlanWatch::is_spoiled(const Task& group) {
  const bool bad = std::ranges::any_of(group.children, [this](TaskId id) {
    const TaskWatch& watch = tasks_[id];
    const Task& task = plan_.task(id);
    return !is_last(task) &&
           (watch.is_spoiled || (watch.ended && !is_good(id) && !is_success_without(task)));
  });
  const bool may_be_won = group.mode == Mode::race && of(group).ready &&
                          std::ranges::any_of(group.children, [this](TaskId id) {
                            return is_work(plan_.task(id)) && !tasks_[id].ended;
                          });
  return bad && !may_be_won && !of(group).won;
}

bool PlanWatch::is_success_without(const Task& task) {
  const TaskWatch& group = tasks_[task.parent];
  return group.won || (group.halted_at && !group.failed && of(task).state == TaskState::canceled);
}

// From the inside out.
void PlanWatch::update_groups() {
  const auto tasks = plan_.tasks();
  for (std::size_t i = tasks.size(); i-- > 0;) {
    const Task& group = tasks[i];
    TaskWatch& watch = of(group);
    if (!group.is_group) continue;
    watch.is_spoiled |= is_spoiled(group);
    const bool is_race =
        group.mode == Mode::race &&
        std::ranges::any_of(group.children, [&](TaskId child) { return is_work(tasks[child]); });
    if (watch.is_spoiled || !watch.ready || watch.ended || is_race) continue;
    watch.is_met |=
        has_services(tasks, group.id) && std::ranges::all_of(group.children, [&](TaskId child) {
          return is_last(tasks[child]) || is_fulfilled(tasks[child]);
        });
  }
}

// A task becomes ready.
void PlanWatch::check_order(const Task& task) {
  if (is_last(task) && task.needs.empty()) {
    expect(others_ended(task), "a last task became ready before others had ended", task);
  } else {
    expect(needs_met(task), "a task became ready before its needs were met", task);
  }
  if (task.policy->when == When::on_failure) {
    expect(something_failed(task), "a task became ready although nothing failed", task);
  }
  const TaskWatch& group = tasks_[task.parent];
  const bool halted = group.halted_at && *group.halted_at < now();
  expect(is_last(task) || !halted, "a task became ready after its group's halt", task);
}

// ---- nothing is ready in this instant any more

void PlanWatch::check_settled() {
  if (over_ || !began_) return;
  const std::vector<const Task*> waiting = may_wait_for_slots();
  for (const Task& task : plan_.tasks()) {
    if (task.id == 0 || of(task).ended) continue;
    if (tasks_[task.parent].ready && !of(task).ready) check_waiting(task);
    if (task.is_group || !of(task).ready) continue;
    if (of(task).attempts.empty()) check_held_up(task, waiting);
    check_contexts(task);
  }
}

std::vector<const Task*> PlanWatch::may_wait_for_slots() {
  std::vector<const Task*> waiting;
  for (const Task& task : plan_.tasks()) {
    const TaskWatch& watch = of(task);
    if (task.is_group || task.policy->service || !watch.ready || watch.ended) continue;
    if (watch.running == 0 || task.policy->hedge) waiting.push_back(&task);
  }
  return waiting;
}

void PlanWatch::check_waiting(const Task& task) {
  expect(!over_for(task), "a task that never starts was not sent away", task);
  if (is_last(task) && task.needs.empty()) {
    return expect(!others_ended(task), "a last task waits although all others have ended", task);
  }
  expect(is_last(task) || !tasks_[task.parent].halted_at,
         "a task waits although its group was halted", task);
  expect(!needs_met(task), "a task waits although its needs are met", task);
  const bool hopeless =
      std::ranges::any_of(task.needs, [this](const Need& need) { return cannot_hold(need); });
  expect(is_last(task) || !hopeless, "a task waits for what will never be", task);
}

// A task that has failed while it needed a service keeps its slot for a moment: the service may be
// about to end, too.
bool PlanWatch::some_failure_waits_for_service() {
  static constexpr Duration kMoment = std::chrono::milliseconds(50);
  return std::ranges::any_of(tasks_, [this](const TaskWatch& watch) {
    if (watch.ended || watch.attempts.empty()) return false;
    const AttemptWatch& last = watch.attempts.back();
    return last.ended && is_failure(last.state) && now() - last.ended_at <= kMoment;
  });
}

void PlanWatch::check_held_up(const Task& task, const std::vector<const Task*>& waiting) {
  expect(!over_for(task), "a task that waits for a slot was not sent away", task);
  if (of(task).refused_at) return;  // it had its slot, and is to be tried again
  expect(is_last(task) || !tasks_[task.parent].halted_at,
         "a task waits for a slot although its group was halted", task);
  // A breaker's refusal has spent a turn of some rate, and comes back at a time of its own.
  if (was_refusal_) return;
  expect(!task.policy->service, "a service does not start", task);
  if (follows(task) || some_failure_waits_for_service()) return;
  std::vector<const Task*> others = waiting;
  std::erase(others, &task);
  expect(gates_.held_up(task, others), "a task waits although there is a slot", task);
}

bool PlanWatch::follows(const Task& task) {
  if (task.policy->dedupe_key.empty()) return false;
  return std::ranges::any_of(plan_.tasks(), [&](const Task& other) {
    return other.id != task.id && other.policy->dedupe_key == task.policy->dedupe_key &&
           of(other).ready && !of(other).ended;
  });
}

}  // namespace errand::simulation
