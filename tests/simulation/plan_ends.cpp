// SPDX-License-Identifier: Apache-2.0
//
// How tasks, groups and the run end: states, causes, exit status.
#include <algorithm>

#include "errand/run/verdict.h"
#include "simulation/plan_watch.h"

namespace errand::simulation {
namespace {

int failure_code(const ExitStatus& status) { return std::max(1, status.shell_code()); }

}  // namespace

// What the run exits with if this failure decides.
int PlanWatch::code_of(const TaskEnded& event) {
  if (event.state == TaskState::timed_out) return 124;
  const Task& task = *event.task;
  if (task.is_group) return task.mode == Mode::errgroup ? of(task).first_code : 1;
  if (!event.same_as.empty()) {
    const auto found = worked_.find(task.policy->dedupe_key);
    return found == worked_.end() ? 0 : tasks_[found->second].code;
  }
  const auto& attempts = of(task).attempts;
  const bool refused = event.error.message().contains("circuit breaker");
  if (attempts.empty() || refused) return 1;
  if (task.policy->hedge && event.status) return failure_code(*event.status);
  const auto decisive = std::ranges::find_if(attempts, [&](const AttemptWatch& watch) {
    return task.policy->hedge && watch.state == TaskState::failed && !watch.ran;
  });
  return std::max(1, decisive == attempts.end() ? attempts.back().code : decisive->code);
}

void PlanWatch::check_flags(const TaskEnded& event) {
  const Task& task = *event.task;
  const AllowFailure& allow = task.policy->allow_failure;
  const bool by_code = event.status && !event.status->by_signal() &&
                       std::ranges::count(allow.exit_codes, event.status->number()) > 0;
  expect(event.allowed == (is_failure(event.state) && (allow.any || by_code)),
         "a failure is allowed that is not, or the other way round", task);
  expect(!event.excluded || event.state == TaskState::skipped, "excluded and not skipped", task);
  const bool failed_once = std::ranges::any_of(
      of(task).attempts, [](const AttemptWatch& watch) { return is_failure(watch.state); });
  const bool succeeded = event.state == TaskState::succeeded;
  expect(!event.flaky || succeeded, "flaky and not a success", task);
  expect(event.flaky || !succeeded || !failed_once, "a success after a failure is not flaky", task);
  if (task.policy->dedupe_key.empty() || !event.same_as.empty()) return;
  if (!succeeded && !is_failure(event.state)) return;
  expect(worked_.try_emplace(task.policy->dedupe_key, task.id).second,
         "two tasks did one key's work", task);
}

// ---- tasks that did not run

void PlanWatch::check_shared(const TaskEnded& event) {
  const Task& task = *event.task;
  const auto found = worked_.find(task.policy->dedupe_key);
  expect(of(task).attempts.empty() && event.attempts == 0, "a task ran and shares an outcome",
         task);
  if (found == worked_.end()) return expect(false, "a task shares what nobody has done", task);
  expect(plan_.task(found->second).full_name == event.same_as, "a task shares another's outcome",
         task);
  expect(tasks_[found->second].state == event.state, "a shared outcome differs", task);
}

void PlanWatch::check_unstarted(const TaskEnded& event) {
  const Task& task = *event.task;
  const auto refused_at = of(task).refused_at;
  if (event.state == TaskState::failed) {
    return expect(refused_at || gates_.breaker_refuses(task), "a task failed that never ran", task);
  }
  if (event.state == TaskState::timed_out && refused_at) {
    return expect(deadline_over(task) || last_task_time_passed(task), "a task ended early", task);
  }
  if (event.state == TaskState::succeeded && task.policy->service) {
    return expect(unneeded(task), "a service that is needed did not run", task);
  }
  if (event.state != TaskState::canceled) {
    return expect(event.state == TaskState::skipped, "a task ended that never started", task);
  }
  bool right = over_for(task);
  for_each_around(task, [&](const Task& around) {
    if (around.id == 0 || (around.is_group && of(around).ready)) return;
    right |= over_for(around) || (tasks_[around.parent].halted_at && !is_last(around));
  });
  expect(right, "a task was canceled for no reason", task);
}

void PlanWatch::check_cause(const TaskEnded& event) {
  const Task& task = *event.task;
  const std::string message = event.error.message();
  bool named = false;
  if (event.state == TaskState::skipped && event.same_as.empty()) {
    for_each_around(task, [&](const Task& around) { named |= explains_skip(around, event); });
    for (const TaskId child : task.children) {
      const TaskWatch& watch = tasks_[child];
      named |= watch.state == TaskState::skipped && of(task).ready;
    }
    expect(named, "a skipped task does not say why", task);
  } else if (event.state == TaskState::canceled) {
    named = message == signal_ && signaled_at_;
    for_each_around(task, [&](const Task& around) {
      const TaskWatch& watch = of(around);
      named |= watch.dead_at && message == watch.death;
      named |=
          watch.timed_out_at && message == TimedOut{group_label(around), *around.timeout}.message();
      named |= watch.halted_at && message == "halt " + format(*around.policy->halt);
    });
    expect(named, "a canceled task names a cause that was none", task);
  }
}

// Is this, the task's own or of a group around it, why it is skipped?
bool PlanWatch::explains_skip(const Task& task, const TaskEnded& event) {
  const std::string message = event.error.message();
  if (!task.excluded.empty() && message == task.excluded) return event.excluded;
  if (task.policy->when == When::on_failure && message == "when: nothing has failed") {
    const auto is_fine = [this](TaskId id) {
      return is_last(plan_.task(id)) || !tasks_[id].ended || is_good(id);
    };
    const bool fine = task.needs.empty() ? std::ranges::all_of(parent_of(task).children, is_fine)
                                         : !something_failed(task);
    return event.excluded && fine;
  }
  if (task.policy->service && message == "nothing needs it any more") {
    return event.excluded && unneeded(task);
  }
  return std::ranges::any_of(task.needs, [&](const Need& need) {
    const TaskWatch& watch = tasks_[need.task];
    const std::string start = "needs " + plan_.task(need.task).full_name + ": ";
    if (!watch.ended) return cannot_hold(need) && message == start + "failed";
    return cannot_hold(need) && event.excluded == watch.excluded &&
           message == "needs " + plan_.task(need.task).full_name + ": " +
                          std::string(in_words(watch.state));
  });
}

// ---- groups

void PlanWatch::check_group_end(const TaskEnded& event) {
  const Task& group = *event.task;
  expect(of(group).running == 0, "a group ended while its attempts run", group);
  for (const TaskId child : group.children) {
    expect(tasks_[child].ended, "a group ended before its child", plan_.task(child));
  }
  if (!of(group).ready) return check_unstarted(event);
  expect(event.state == expected_state(group), "a group's state is wrong", group);
}

// Of a group that has started. The first cause stands.
TaskState PlanWatch::expected_state(const Task& group) {
  const TaskWatch& watch = of(group);
  if (watch.won) return TaskState::succeeded;
  if (std::ranges::all_of(group.children, [this](TaskId id) { return is_good(id); })) {
    return TaskState::succeeded;
  }
  if (watch.timed_out_at) return TaskState::timed_out;
  if (watch.failed) return TaskState::failed;
  if (watch.halted_at) return TaskState::succeeded;
  return over_for(group) ? TaskState::canceled : TaskState::skipped;
}

// ---- the run

void PlanWatch::check_end(const RunEnded& ended) {
  trace_.expect(over_, "the run returned before its last event", "events");
  trace_.expect(running_ == 0, "attempts outlive the run", "events");
  for (const Task& task : plan_.tasks()) {
    if (task.id > 0) expect(of(task).ended, "a task never ended", task);
  }
  const bool force_stop = force_stopped_at_ && signaled_at_;
  trace_.expect(!force_stop || now() <= *force_stopped_at_, "a second signal did not end the grace",
                "the run");
  gates_.check_end();
  check_exit_status(ended);
  check_required(ended);
}

// Though something was to run.
bool PlanWatch::started_nothing() {
  bool any_to_run = false;
  for (const Task& task : plan_.tasks()) {
    any_to_run |= !task.is_group && !of(task).excluded;
    for (const AttemptWatch& watch : of(task).attempts) {
      if (watch.ran || watch.state == TaskState::failed) return false;
    }
  }
  return any_to_run;
}

void PlanWatch::check_exit_status(const RunEnded& ended) {
  const Task& root = plan_.root();
  const TaskState state = expected_state(root);
  const auto expect_run = [&](bool holds, std::string_view what) {
    trace_.expect(holds, what, "the run, exit status " + std::to_string(ended.exit_status));
  };
  if (state == TaskState::succeeded && started_nothing()) {
    expect_run(ended.state == TaskState::failed && ended.error, "nothing ran, and it is a success");
    return expect_run(ended.exit_status == (signaled_at_ ? 130 : 125), "not 125");
  }
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

// A task's failure that nothing allows is one of the run, unless a group around it is a race or has
// a rule of its own for what counts.
void PlanWatch::check_required(const RunEnded& ended) {
  bool all_good = true;
  for (const Task& task : plan_.tasks()) {
    const TaskWatch& watch = of(task);
    if (task.id != 0) all_good &= is_good(task.id);
    if (task.is_group) continue;
    bool required = is_failure(watch.state) && !watch.allowed;
    for_each_around(task, [&](const Task& around) {
      required &= around.mode != Mode::race && !around.policy->halt;
    });
    expect(!required || ended.exit_status != 0, "a required task failed and the run says 0", task);
  }
  const bool undisturbed = all_good && !signaled_at_ && !started_nothing();
  trace_.expect(!undisturbed || ended.exit_status == 0, "all went well and the run does not say 0",
                "the run");
}

}  // namespace errand::simulation
