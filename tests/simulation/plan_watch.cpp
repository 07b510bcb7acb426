// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_watch.h"

#include <algorithm>
#include <utility>

#include "errand/run/verdict.h"

namespace errand::simulation {
namespace {

bool is_failure(TaskState state) {
  return state == TaskState::failed || state == TaskState::timed_out;
}

}  // namespace

PlanWatch::PlanWatch(VirtualRuntime& runtime, Trace& trace, const BuiltPlan& built)
    : runtime_(runtime),
      trace_(trace),
      plan_(*built.plan),
      nodes_(built.nodes),
      tasks_(built.nodes.size()) {}

template <class Visit>
void PlanWatch::for_each_around(const Task& task, Visit visit) {
  for (const Task* at = &task;; at = &plan_.task(at->parent)) {
    visit(*at);
    if (at->id == 0) return;
  }
}

void PlanWatch::watch_timeout(const Task& group) {
  if (!group.is_group || !group.timeout) return;
  TaskWatch& watch = of(group);
  const auto passed = [this, &group, &watch] {
    if (!watch.dead_at && !ended_from_outside_at(group)) watch.timed_out_at = now();
  };
  watch.timeout.emplace(runtime_, passed, TimerClass::deadline);
  watch.timeout->set_after(*group.timeout);
}

bool PlanWatch::needs_met(const Task& task) {
  return std::ranges::all_of(task.needs, [this](const Need& need) {
    return tasks_[need.task].ended && tasks_[need.task].state == TaskState::succeeded;
  });
}

bool PlanWatch::full(const Task& group) {
  return group.jobs && of(group).running >= group.jobs->value;
}

// ---- attempts

void PlanWatch::attempt_begins(const Attempt& attempt, const Context& context) {
  const Task& task = *attempt.task;
  const TaskWatch& watch = of(task);
  expect(!over_, "an attempt began after the run's end", task);
  expect(watch.started && !watch.attempt_ended, "an attempt began outside of its events", task);
  expect(attempt.slot == watch.slot, "an attempt has another slot than its event", task);
  ++running_;
  for_each_around(task, [&](const Task& around) {
    expect(needs_met(around), "an attempt began before its needs had succeeded", task);
    ++of(around).running;
    expect(!around.jobs || of(around).running <= around.jobs->value,
           "more attempts than a group's jobs", around);
    // What has its slot in this instant may begin after the end, stopped from the start.
    for (const auto& end : {of(around).dead_at, of(around).timed_out_at}) {
      expect(!end || *end == now(), "an attempt began after its group's end", task);
      expect(!end || context.done(), "an attempt began in an ended group, undisturbed", task);
    }
  });
  const bool handed_over = slot_freed_at_ && *slot_freed_at_ == now();
  expect(watch.ready_at == now() || handed_over, "an attempt began later than it could", task);
  expect(!signaled_at_ || *signaled_at_ == now(), "an attempt began after the signal", task);
}

void PlanWatch::attempt_returns(const Attempt& attempt) {
  --running_;
  slot_freed_at_ = now();
  for_each_around(*attempt.task, [&](const Task& around) { --of(around).running; });
}

// Only a second signal takes it away, and that at once.
void PlanWatch::grace_over(const Attempt& attempt, bool cut_short) {
  const bool hurried = hurried_at_ && *hurried_at_ < now();
  expect(cut_short ? hurried_at_.has_value() : !hurried, "a grace of the wrong length",
         *attempt.task);
}

void PlanWatch::signaled(const Error& cause) {
  signaled_at_ = now();
  causes_.insert(cause_text(cause));
}

// ---- events

struct PlanWatch::Teller {
  PlanWatch& watch;
  void operator()(const RunStarted&) { watch.run_started(); }
  void operator()(const TaskReady& event) { watch.ready(*event.task); }
  void operator()(const AttemptStarted& event) { watch.attempt_started(event); }
  void operator()(const AttemptEnded& event) { watch.attempt_ended(event); }
  void operator()(const TaskEnded& event) { watch.task_ended(event); }
  void operator()(const Notice&) {}
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
  expect(needs_met(task), "a task became ready before its needs had succeeded", task);
  expect(tasks_[task.parent].ready, "a task became ready before its group", task);
  watch.ready = true;
  watch.ready_at = now();
  watch_timeout(task);
}

void PlanWatch::attempt_started(const AttemptStarted& event) {
  const Task& task = *event.task;
  trace_.add(now(), "starts", task.full_name);
  TaskWatch& watch = of(task);
  expect(watch.ready && !watch.started && !watch.ended, "an attempt out of order", task);
  expect(slots_.insert(event.slot).second, "two attempts have one slot", task);
  watch.started = true;
  watch.slot = event.slot;
}

void PlanWatch::attempt_ended(const AttemptEnded& event) {
  TaskWatch& watch = of(*event.task);
  expect(watch.started && !watch.attempt_ended && watch.running == 0,
         "an attempt's end out of order", *event.task);
  watch.attempt_ended = true;
  watch.state = event.state;
  slots_.erase(watch.slot);
}

void PlanWatch::task_ended(const TaskEnded& event) {
  const Task& task = *event.task;
  trace_.add(now(), to_string(event.state), task.full_name);
  trace_.add(now(), event.error.message(), task.full_name);
  TaskWatch& watch = of(task);
  expect(!watch.ended, "a task ended twice", task);
  expect(watch.started == watch.attempt_ended, "a task ended before its attempt", task);
  expect(!watch.started || watch.state == event.state, "a task ended otherwise than its attempt",
         task);
  expect(event.attempts == (watch.started ? 1 : 0), "a task's attempts are counted wrongly", task);
  expect(bool(event.error) == (event.state != TaskState::succeeded),
         "success and an error, or neither", task);
  if (task.is_group) check_group_end(event);
  if (!task.is_group && !watch.started) check_unstarted(event);
  check_cause(event);
  watch.timeout.reset();
  watch.ended = true;
  watch.state = event.state;
  if (!is_failure(event.state)) return;
  causes_.insert(TaskFailure{task.full_name, event.state, event.error.message()}.as_cause());
  if (event.first_failure) {
    expect(!std::exchange(of(plan_.task(task.parent)).told_first, true),
           "two first failures in one group", task);
  }
  failed_in(plan_.task(task.parent), code_of(event));
}

int PlanWatch::code_of(const TaskEnded& event) {
  if (event.state == TaskState::timed_out) return 124;
  if (event.task->is_group) {
    const TaskWatch& group = of(*event.task);
    return event.task->mode == Mode::errgroup ? group.first_code : 1;
  }
  switch (nodes_[event.task->id]->course) {
    case Course::not_found:
      return 127;
    case Course::throws:
      return 126;
    case Course::exits:
      break;
  }
  return nodes_[event.task->id]->exit_code;
}

// In errgroup mode the first failure decides at once, also for the errgroups around.
void PlanWatch::failed_in(const Task& group, int code) {
  TaskWatch& watch = of(group);
  if (group.mode == Mode::aggregate) return;
  if (watch.first_code == 0) watch.first_code = code;
  const bool ended = watch.dead_at || watch.timed_out_at || ended_from_outside_at(group);
  if (!ended) watch.dead_at = now();
  if (group.id != 0) failed_in(plan_.task(group.parent), code);
}

// ---- ends

void PlanWatch::check_group_end(const TaskEnded& event) {
  const Task& group = *event.task;
  expect(of(group).running == 0, "a group ended while its attempts run", group);
  for (const TaskId child : group.children) {
    expect(tasks_[child].ended, "a group ended before its child", plan_.task(child));
  }
  if (of(group).ready)
    expect(event.state == expected_state(group), "a group's state is wrong", group);
}

// The first end of what is around this group.
std::optional<TimePoint> PlanWatch::ended_from_outside_at(const Task& group) {
  std::optional<TimePoint> first = signaled_at_;
  for_each_around(group, [&](const Task& around) {
    if (around.id == group.id) return;
    for (const auto& end : {of(around).dead_at, of(around).timed_out_at}) {
      if (end && (!first || *end < *first)) first = end;
    }
  });
  return first;
}

// Of a group that has started. The first cause stands.
TaskState PlanWatch::expected_state(const Task& group) {
  const auto with = [&](TaskState state) {
    const auto of_child = [this](TaskId id) { return tasks_[id].state; };
    return static_cast<std::size_t>(std::ranges::count(group.children, state, of_child));
  };
  if (with(TaskState::succeeded) == group.children.size()) return TaskState::succeeded;
  const TaskWatch& watch = of(group);
  if (watch.timed_out_at) return TaskState::timed_out;
  if (with(TaskState::failed) + with(TaskState::timed_out) > 0) return TaskState::failed;
  return ended_from_outside_at(group) ? TaskState::canceled : TaskState::skipped;
}

// What never started was sent away in the instant that decided it.
void PlanWatch::check_unstarted(const TaskEnded& event) {
  const Task& task = *event.task;
  if (event.state != TaskState::canceled) {
    return expect(event.state == TaskState::skipped, "a task ended that never started", task);
  }
  bool in_time = signaled_at_ == now();
  for_each_around(task, [&](const Task& around) {
    in_time |= of(around).dead_at == now() || of(around).timed_out_at == now();
    // Whatever a group's end decided before it started is decided for all in it.
    in_time |= around.id != task.id && of(around).ready && of(around).ready_at == now();
  });
  expect(in_time, "a task that never starts was not sent away at once", task);
}

void PlanWatch::check_cause(const TaskEnded& event) {
  const Task& task = *event.task;
  const std::string message = event.error.message();
  if (event.state == TaskState::skipped) {
    const bool named = std::ranges::any_of(plan_.tasks(), [&](const Task& need) {
      const TaskWatch& watch = of(need);
      return watch.ended && watch.state != TaskState::succeeded &&
             message == "needs " + need.full_name + ": " + std::string(to_string(watch.state));
    });
    expect(named, "a skipped task does not say what it needs", task);
  } else if (event.state == TaskState::canceled) {
    bool named = causes_.contains(message);
    for_each_around(task, [&](const Task& around) {
      named |= of(around).timed_out_at &&
               message == TimedOut{group_label(around), *around.timeout}.message();
    });
    expect(named, "a canceled task names a cause that was none", task);
  }
}

void PlanWatch::run_ended(const RunEnded& event) {
  trace_.add(now(), to_string(event.state), "the run");
  trace_.add(now(), event.error.message(), std::to_string(event.exit_status));
  tasks_.front().timeout.reset();
  over_ = true;
}

void PlanWatch::check_settled() {
  if (over_) return;
  for (const Task& task : plan_.tasks()) {
    const TaskWatch& watch = of(task);
    if (task.is_group || !watch.ready || watch.started || watch.ended) continue;
    bool held_up = false;
    for_each_around(task, [&](const Task& around) { held_up |= full(around); });
    expect(held_up, "a task waits although there is a slot", task);
  }
}

void PlanWatch::check_end(const RunEnded& ended) {
  trace_.expect(over_, "the run returned before its last event", "events");
  trace_.expect(running_ == 0, "attempts outlive the run", "events");
  for (const Task& task : plan_.tasks()) {
    if (task.id > 0) expect(of(task).ended, "a task never ended", task);
  }
  const bool hurry = hurried_at_ && signaled_at_;
  trace_.expect(!hurry || now() <= *hurried_at_, "a second signal did not end the grace",
                "the run");
  check_exit_status(ended);
}

void PlanWatch::check_exit_status(const RunEnded& ended) {
  const Task& root = plan_.root();
  const TaskState state = expected_state(root);
  const auto expect_run = [&](bool holds, std::string_view what) {
    trace_.expect(holds, what, "the run, exit status " + std::to_string(ended.exit_status));
  };
  expect_run(ended.state == state, "the run's state is wrong");
  expect_run(bool(ended.error) == (state != TaskState::succeeded), "the run's error is wrong");
  if (state != TaskState::succeeded) expect_run(ended.exit_status != 0, "a failed run says 0");
  // Whoever sent a signal is to hear of it, whatever else happened.
  if (signaled_at_) return expect_run(ended.exit_status == 130, "the signal is lost");
  if (state == TaskState::succeeded)
    return expect_run(ended.exit_status == 0, "a success is not 0");
  if (state == TaskState::timed_out) return expect_run(ended.exit_status == 124, "not 124");
  if (state != TaskState::failed) return;
  const int code = root.mode == Mode::errgroup ? of(root).first_code : 1;
  expect_run(ended.exit_status == code, "not the status of the first failure");
}

}  // namespace errand::simulation
