// SPDX-License-Identifier: Apache-2.0
//
// The attempts of one task: how many, when, how they end, and what that makes of the task.
#include <algorithm>
#include <utility>

#include "simulation/plan_watch.h"

namespace errand::simulation {
namespace {

// As the user guide has it for tasks that run last and name no time of their own.
constexpr Duration kLastTaskTime = std::chrono::seconds(30);

bool is_in(const std::vector<int>& codes, const std::optional<ExitStatus>& status) {
  return status && !status->by_signal() &&
         std::ranges::find(codes, status->number()) != codes.end();
}

}  // namespace

PlanWatch::AttemptWatch& PlanWatch::watch_of(const Attempt& attempt) {
  return of(*attempt.task).attempts[static_cast<std::size_t>(attempt.number) - 1];
}

std::optional<Duration> PlanWatch::runs_since(const Attempt& attempt) {
  const auto& attempts = of(*attempt.task).attempts;
  const auto number = static_cast<std::size_t>(attempt.number);
  if (number == 0 || number > attempts.size() || !attempts[number - 1].context) return {};
  return now() - attempts[number - 1].began;
}

// ---- starts

void PlanWatch::attempt_started(const AttemptStarted& event) {
  const Task& task = *event.task;
  trace_.add(now(), "attempt", task.full_name);
  TaskWatch& watch = of(task);
  expect(watch.ready && !watch.ended && !task.is_group, "an attempt of what is not ready", task);
  expect(event.attempt == static_cast<int>(watch.attempts.size()) + 1, "a wrong attempt number",
         task);
  const NodeRetry* retry = nodes_[task.id]->retry ? &*nodes_[task.id]->retry : nullptr;
  const Policy& policy = *task.policy;
  const std::size_t hedges = policy.hedge ? policy.hedge->max_attempts : 1;
  expect(watch.attempts.size() < hedges * (retry ? retry->count + 1 : 1), "too many attempts",
         task);
  AttemptWatch attempt;
  attempt.slot = event.slot;
  attempt.began = now();
  attempt.ends_before = watch.attempts_ended;
  attempt.ready = policy.service && !policy.ready;
  if (watch.running > 0) {
    check_beside_others(task, attempt);
  } else if (!watch.attempts.empty() && !policy.hedge) {
    check_retry(task);
  }
  watch.attempts.push_back(attempt);
  update_groups();
  gates_.attempt_started(task, event.attempt, event.slot);
}

void PlanWatch::check_beside_others(const Task& task, const AttemptWatch& watch) {
  const auto& hedge = task.policy->hedge;
  const auto& attempts = of(task).attempts;
  if (!hedge) return expect(false, "two attempts of one task at a time", task);
  expect(of(task).running < hedge->max_attempts, "more hedges than there may be", task);
  const auto delay = std::get<Duration>(hedge->delay);
  // A hedge may have waited for its slot, which does not put off the next.
  const auto original = std::ranges::find(attempts, false, &AttemptWatch::ended);
  bool in_time = watch.began - original->began >= delay * (attempts.end() - original);
  for (const AttemptWatch& other : attempts) {
    in_time |= other.ended;
    const bool decided =
        other.ended && other.end_number >= original->ends_before && decides(task, other);
    expect(!decided || other.ended_at == now(), "a hedge after the decision", task);
  }
  expect(in_time, "a hedge started too early", task);
}

void PlanWatch::check_retry(const Task& task) {
  const AttemptWatch& before = of(task).attempts.back();
  const auto& retry = nodes_[task.id]->retry;
  expect(before.ended, "a retry before the attempt's end", task);
  expect(worth_another_try(task, before), "a retry of what is not to be tried again", task);
  const bool waited = !retry || retry->jitter || now() - before.ended_at >= retry->delay;
  expect(waited, "a retry before its delay was over", task);
}

bool PlanWatch::worth_another_try(const Task& task, const AttemptWatch& watch) const {
  if (task.policy->service && watch.ready) return false;  // retry counts until it is ready
  const RetryRule& rule = task.policy->retry;
  if (watch.state == TaskState::timed_out) return rule.on_timeout;
  if (watch.state != TaskState::failed || !watch.ran) return false;
  return rule.on_exit.empty() || is_in(rule.on_exit, watch.status);
}

void PlanWatch::attempt_begins(const Attempt& attempt, const Context& context) {
  const Task& task = *attempt.task;
  expect(!over_, "an attempt began after the run's end", task);
  expect(!of(task).attempts.empty(), "an attempt began before its event", task);
  AttemptWatch& watch = watch_of(attempt);
  expect(!watch.context && !watch.returned, "an attempt began outside of its events", task);
  expect(attempt.slot == watch.slot, "an attempt has another slot than its event", task);
  watch.context = context;
  ++running_;
  for_each_around(task, [&](const Task& around) {
    ++of(around).running;
    const bool last = is_last(around) && around.needs.empty();
    expect(last ? others_ended(around) : needs_met(around, attempt.number),
           "an attempt began before its needs were met", task);
  });
  // What has its slot in this instant may begin after the end, stopped from the start; a second
  // signal reaches it a turn of the loop later.
  expect(!over_before_now(task), "an attempt began after its group's end", task);
  expect(!over_for(task) || force_stopped_at_ == now() || context.done(),
         "an attempt began undisturbed in an ended group", task);
  const auto& halted_at = tasks_[task.parent].halted_at;
  const bool again = attempt.number > 1 || of(task).refused_at;
  expect(is_last(task) || !halted_at || *halted_at >= now() || again,
         "a task began after its group's halt", task);
  if (!task.policy->dedupe_key.empty()) {
    expect(!worked_.contains(task.policy->dedupe_key), "a key's work began again", task);
  }
  gates_.begins(task);
}

void PlanWatch::service_ready(const Attempt& attempt) {
  trace_.add(now(), "is ready", attempt.task->full_name);
  watch_of(attempt).ready = true;
  update_groups();
}

// ---- ends

// Why the attempt ought to be stopped by now, and how it ends then.
std::set<TaskState> PlanWatch::reasons_to_stop(const Task& task, const AttemptWatch& watch) {
  std::set<TaskState> reasons;
  if (over_for(task) || lost(task, watch)) reasons.insert(TaskState::canceled);
  if (out_of_time(task, watch)) reasons.insert(TaskState::timed_out);
  if (task.policy->service && unneeded(task)) reasons.insert(TaskState::succeeded);
  if (never_ready(task, watch)) reasons.insert(TaskState::failed);
  return reasons;
}

// Does the way this attempt has ended decide for those beside it?
bool PlanWatch::decides(const Task& task, const AttemptWatch& watch) const {
  const HedgeRule& rule = *task.policy->hedge;
  if (watch.state == TaskState::succeeded) return true;
  if (!is_failure(watch.state)) return false;
  if (!watch.ran) return true;
  return !rule.non_fatal_exit.empty() && !is_in(rule.non_fatal_exit, watch.status);
}

bool PlanWatch::lost(const Task& task, const AttemptWatch& watch) {
  if (!task.policy->hedge) return false;
  return std::ranges::any_of(of(task).attempts, [&](const AttemptWatch& other) {
    return &other != &watch && other.ended && other.end_number >= watch.ends_before &&
           decides(task, other);
  });
}

bool PlanWatch::out_of_time(const Task& task, const AttemptWatch& watch) {
  const bool own = task.timeout && now() >= watch.began + *task.timeout;
  return own || deadline_over(task) || last_task_time_passed(task);
}

// With its first attempt, or with a breaker's refusal of it.
TimePoint PlanWatch::task_began(const Task& task) {
  const TaskWatch& watch = of(task);
  if (watch.attempts.empty()) return watch.refused_at.value_or(now());
  const TimePoint began = watch.attempts.front().began;
  return std::min(began, watch.refused_at.value_or(began));
}

bool PlanWatch::deadline_over(const Task& task) {
  const auto& deadline = task.policy->deadline;
  return deadline && now() >= task_began(task) + *deadline;
}

bool PlanWatch::last_task_time_passed(const Task& task) {
  if (!is_last(task) || task.timeout || task.policy->deadline) return false;
  const auto over_at = scope_over_at(parent_of(task));
  return over_at && now() >= std::max(*over_at, task_began(task)) + kLastTaskTime;
}

bool PlanWatch::never_ready(const Task& task, const AttemptWatch& watch) const {
  const auto& rule = task.policy->ready;
  return rule && !watch.ready && now() >= watch.began + rule->timeout;
}

void PlanWatch::check_contexts(const Task& task) {
  for (const AttemptWatch& watch : of(task).attempts) {
    if (!watch.context) continue;
    const bool ought = !reasons_to_stop(task, watch).empty();
    expect(watch.context->done() || !ought, "an attempt goes on that is to be stopped", task);
    expect(!watch.context->done() || ought || watch.stopped, "an attempt is stopped for no reason",
           task);
  }
}

void PlanWatch::attempt_stopped(const Attempt& attempt) {
  AttemptWatch& watch = watch_of(attempt);
  watch.stopped = true;
  watch.stopped_at = now();
  watch.may_end = reasons_to_stop(*attempt.task, watch);
  for (const AttemptWatch& other : of(*attempt.task).attempts) {
    // Its start and the decision were in one instant.
    const bool beaten = other.ended && other.ended_at == watch.began && attempt.task->policy->hedge;
    if (beaten && decides(*attempt.task, other)) watch.may_end.insert(TaskState::canceled);
  }
  expect(!watch.may_end.empty(), "an attempt is stopped for no reason yet", *attempt.task);
}

// Only a second signal takes it away, and that at once.
void PlanWatch::grace_over(const Attempt& attempt, bool cut_short) {
  const bool force_stopped = force_stopped_at_ && *force_stopped_at_ < now();
  expect(cut_short ? force_stopped_at_.has_value() : !force_stopped, "a grace of the wrong length",
         *attempt.task);
}

void PlanWatch::attempt_returns(const Attempt& attempt, const AttemptResult* result) {
  const Task& task = *attempt.task;
  AttemptWatch& watch = watch_of(attempt);
  --running_;
  for_each_around(task, [&](const Task& around) { --of(around).running; });
  gates_.returns(task);
  watch.context.reset();
  watch.returned = true;
  if (watch.stopped) return;
  const bool exited = result && result->status;
  const auto& good = task.policy->success_exit_codes;
  const bool succeeded = exited && !task.policy->service && is_in(good, result->status);
  watch.may_end = {succeeded ? TaskState::succeeded : TaskState::failed};
  watch.code = exited ? std::max(1, result->status->shell_code()) : result ? 127 : 126;
}

void PlanWatch::attempt_ended(const AttemptEnded& event) {
  const Task& task = *event.task;
  trace_.add(now(), to_string(event.state), task.full_name);
  trace_.add(now(), event.error.message(), task.full_name);
  TaskWatch& task_watch = of(task);
  AttemptWatch& watch = task_watch.attempts[static_cast<std::size_t>(event.attempt) - 1];
  expect(watch.returned && !watch.ended, "an attempt ended before it had returned", task);
  expect(watch.may_end.contains(event.state), "an attempt's state is wrong", task);
  expect(event.duration == now() - watch.began, "an attempt's duration is wrong", task);
  watch.ended = true;
  watch.ended_at = now();
  watch.end_number = task_watch.attempts_ended++;
  watch.state = event.state;
  watch.status = event.status;
  watch.ran = event.status.has_value();
  gates_.attempt_ended(task, event, watch.slot);
}

// ---- what the attempts make of the task

void PlanWatch::check_course(const TaskEnded& event) {
  const Task& task = *event.task;
  const auto& attempts = of(task).attempts;
  const auto any = [&](TaskState state) {
    return std::ranges::find(attempts, state, &AttemptWatch::state) != attempts.end();
  };
  expect(of(task).running == 0, "a task ended while an attempt runs", task);
  expect(std::ranges::all_of(attempts, &AttemptWatch::ended), "a task ended before its attempt",
         task);
  expect(event.attempts == static_cast<int>(attempts.size()), "attempts are counted wrongly", task);
  const bool refused = gates_.breaker_refuses(task);
  switch (event.state) {
    case TaskState::succeeded:
      expect(task.policy->service ? unneeded(task) : any(TaskState::succeeded),
             "a task succeeded without reason", task);
      break;
    case TaskState::failed:
      expect(any(TaskState::failed) || refused, "a task failed that did not", task);
      break;
    case TaskState::timed_out:
      expect(any(TaskState::timed_out) || deadline_over(task) || last_task_time_passed(task),
             "a task timed out before its time", task);
      break;
    case TaskState::canceled:
      expect(over_for(task), "a task was canceled for no reason", task);
      break;
    case TaskState::skipped:
      expect(false, "a task was skipped that had started", task);
  }
  if (!task.policy->service && any(TaskState::succeeded)) {
    expect(event.state == TaskState::succeeded, "a task's success is lost", task);
  }
  check_given_up(event);
}

// What is not over for another reason ends as its last attempt, and that was its last try.
void PlanWatch::check_given_up(const TaskEnded& event) {
  const Task& task = *event.task;
  const auto& attempts = of(task).attempts;
  const bool other_reason = over_for(task) || deadline_over(task) || last_task_time_passed(task) ||
                            gates_.breaker_refuses(task) || task.policy->hedge ||
                            (task.policy->service && unneeded(task));
  if (other_reason) return;
  const AttemptWatch& last = attempts.back();
  expect(event.state == last.state, "a task ended otherwise than its last attempt", task);
  const auto& retry = nodes_[task.id]->retry;
  if (!retry || !is_failure(event.state)) return;
  // Where a deadline would pass before the next try there is none.
  // A breaker's refusal is a try too.
  bool bounded = task.policy->deadline || of(task).refused_at;
  for_each_around(task, [&](const Task& around) { bounded |= around.is_group && around.timeout; });
  if (bounded) return;
  expect(attempts.size() > retry->count || !worth_another_try(task, last), "a task gave up early",
         task);
}

}  // namespace errand::simulation
