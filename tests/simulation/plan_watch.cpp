// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_watch.h"

#include <algorithm>
#include <utility>

#include "errand/run/verdict.h"

namespace errand::simulation {
PlanWatch::PlanWatch(VirtualRuntime& runtime, Trace& trace, const PlanSpec& spec,
                     const BuiltPlan& built, const FewTokens* tokens)
    : runtime_(runtime),
      trace_(trace),
      plan_(*built.plan),
      nodes_(built.nodes),
      gates_(runtime, trace, spec, built, tokens),
      tasks_(built.nodes.size()) {}

// ---- scopes

// What runs last goes on when its group is over; only a second signal ends it.
std::optional<TimePoint> PlanWatch::outside_over_at(const Task& task) {
  if (is_last(task)) return force_stopped_at_;
  return task.id == 0 ? signaled_at_ : scope_over_at(parent_of(task));
}

std::optional<TimePoint> PlanWatch::scope_over_at(const Task& group) {
  std::optional<TimePoint> first = outside_over_at(group);
  for (const auto& end : {of(group).dead_at, of(group).timed_out_at}) {
    if (end && (!first || *end < *first)) first = end;
  }
  return first;
}

bool PlanWatch::over_before_now(const Task& task) {
  const auto over_at = outside_over_at(task);
  return over_at && *over_at < now();
}

void PlanWatch::watch_timeout(const Task& group) {
  if (!group.is_group || !group.timeout) return;
  TaskWatch& watch = of(group);
  const auto passed = [this, &group, &watch] {
    if (!scope_over_at(group)) watch.timed_out_at = now();
  };
  watch.timeout.emplace(runtime_, passed, TimerClass::deadline);
  watch.timeout->set_after(*group.timeout);
}

void PlanWatch::signaled(const Error& cause) {
  signaled_at_ = now();
  signal_ = cause_text(cause);
}

// ---- events

struct PlanWatch::Teller {
  PlanWatch& watch;
  void operator()(const RunStarted&) { watch.run_started(); }
  void operator()(const TaskReady& event) { watch.ready(*event.task); }
  void operator()(const AttemptStarted& event) { watch.attempt_started(event); }
  void operator()(const AttemptEnded& event) { watch.attempt_ended(event); }
  void operator()(const TaskEnded& event) { watch.task_ended(event); }
  void operator()(const Notice& event) {
    watch.trace_.add(watch.now(), event.text, event.task ? event.task->full_name : "the run");
    if (!event.task || !event.text.contains("circuit breaker")) return;
    watch.was_refusal_ = true;
    auto& refused_at = watch.of(*event.task).refused_at;
    if (!refused_at) refused_at = watch.now();
  }
  void operator()(const RunEnded& event) { watch.run_ended(event); }
};

void PlanWatch::on(const RunEvent& event) {
  trace_.expect(!over_, "an event after the run's end", "events");
  trace_.expect(event.since_start == runtime_.elapsed(), "an event has a wrong time", "events");
  std::visit(Teller{*this}, event.kind);
}

void PlanWatch::run_started() {
  trace_.expect(!std::exchange(began_, true), "the run began twice", "events");
  tasks_.front().ready = true;
  tasks_.front().ready_at = now();
  watch_timeout(plan_.root());
}

void PlanWatch::ready(const Task& task) {
  trace_.add(now(), "ready", task.full_name);
  TaskWatch& watch = of(task);
  expect(!watch.ready && !watch.ended, "a task became ready again", task);
  expect(task.excluded.empty(), "an excluded task became ready", task);
  expect(tasks_[task.parent].ready, "a task became ready before its group", task);
  expect(!over_before_now(task), "a task became ready after its group's end", task);
  check_order(task);
  watch.ready = true;
  watch.ready_at = now();
  watch_timeout(task);
  update_groups();
}

void PlanWatch::task_ended(const TaskEnded& event) {
  const Task& task = *event.task;
  trace_.add(now(), to_string(event.state), task.full_name);
  trace_.add(now(), event.error.message(), task.full_name);
  TaskWatch& watch = of(task);
  expect(!watch.ended, "a task ended twice", task);
  expect(bool(event.error) == (event.state != TaskState::succeeded),
         "success and an error, or neither", task);
  if (task.is_group) {
    check_group_end(event);
  } else if (!event.same_as.empty()) {
    check_shared(event);
  } else if (watch.attempts.empty()) {
    check_unstarted(event);
  } else {
    check_course(event);
  }
  check_cause(event);
  watch.timeout.reset();
  // It may have had its slot in this very instant.
  const bool refused = event.error.message().contains("circuit breaker");
  if (refused || event.state == TaskState::canceled) gates_.take_turn(task);
  watch.ended = true;
  watch.ended_at = now();
  watch.state = event.state;
  watch.allowed = event.allowed;
  watch.excluded = event.excluded;
  watch.shared = !event.same_as.empty();
  if (is_failure(event.state)) watch.code = code_of(event);
  check_flags(event);
  count_end(event);
  update_groups();
}

void PlanWatch::run_ended(const RunEnded& event) {
  trace_.add(now(), to_string(event.state), "the run");
  trace_.add(now(), event.error.message(), std::to_string(event.exit_status));
  tasks_.front().timeout.reset();
  over_ = true;
}

// ---- what an end decides

void PlanWatch::count_end(const TaskEnded& event) {
  const Task& task = *event.task;
  const Task& group = parent_of(task);
  TaskWatch& watch = of(group);
  if (group.mode == Mode::race && is_work(task) && event.state == TaskState::succeeded &&
      !std::exchange(watch.won, true)) {
    kill(group, task.full_name + " succeeded first");
  }
  if (group.policy->halt && !watch.halted_at && halt_rule_holds(group)) {
    watch.halted_at = now();
    watch.won |= group.policy->halt->trigger == Halt::Trigger::success;
    if (group.policy->halt->speed == Halt::Speed::now) {
      kill(group, "halt " + format(*group.policy->halt));
    }
  }
  if (!is_failure(event.state) || event.allowed) return;
  if (event.first_failure) {
    expect(!std::exchange(watch.told_first, true), "two first failures in one group", task);
  }
  const bool one_of_its_own = task.is_group && task.mode == Mode::errgroup;
  const std::string cause =
      one_of_its_own && event.state == TaskState::failed
          ? of(task).first_cause
          : TaskFailure{task.full_name, event.state, event.error.message()}.as_cause();
  failed_in(group, of(task).code, cause);
}

// Successes of services and of what runs last are none of the group's work.
bool PlanWatch::halt_rule_holds(const Task& group) {
  const Halt& rule = *group.policy->halt;
  std::size_t good = 0, bad = 0;
  for (const TaskId child : group.children) {
    const TaskWatch& watch = tasks_[child];
    if (!watch.ended) continue;
    if (is_failure(watch.state) && !watch.allowed) ++bad;
    if (!is_work(plan_.task(child))) continue;
    if (watch.state == TaskState::succeeded || watch.allowed) ++good;
  }
  const std::size_t count = rule.trigger == Halt::Trigger::fail      ? bad
                            : rule.trigger == Halt::Trigger::success ? good
                                                                     : good + bad;
  return rule.percent ? count * 100 >= rule.count * group.children.size() : count >= rule.count;
}

// In errgroup mode the first failure decides at once, also for the errgroups around. A group with a
// rule of its own is decided by that rule, and one that was won has not failed.
void PlanWatch::failed_in(const Task& group, int code, const std::string& cause) {
  TaskWatch& watch = of(group);
  if (!std::exchange(watch.failed, true)) {
    watch.first_code = code;
    watch.first_cause = cause;
  }
  if (group.mode != Mode::errgroup || watch.won) return;
  const auto& halt = group.policy->halt;
  if (halt && (!watch.halted_at || halt->speed == Halt::Speed::soon)) return;
  kill(group, cause);
  if (group.id != 0) failed_in(parent_of(group), watch.first_code, watch.first_cause);
}

void PlanWatch::kill(const Task& group, const std::string& cause) {
  if (scope_over_at(group)) return;
  of(group).dead_at = now();
  of(group).death = cause;
}

}  // namespace errand::simulation
