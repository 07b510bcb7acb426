// SPDX-License-Identifier: Apache-2.0
//
// What the end of one task means for others.
#include "errand/events/failure.h"
#include "errand/run/execution.h"

namespace errand::detail {

// Ends one task and whatever that decides for others. Not recursive: chains of needs may be long.
void Execution::end(TaskRun& run, TaskEnded ended, const Error& failure) {
  if (run.phase >= TaskRun::Phase::ending) return;
  run.phase = TaskRun::Phase::ending;
  endings_.push_back({&run, std::move(ended), failure});
  if (ending_) return;
  ending_ = true;
  while (!endings_.empty()) {
    Ending next = std::move(endings_.front());
    endings_.pop_front();
    end_one(std::move(next));
  }
  ending_ = false;
}

void Execution::end_with(TaskRun& run, TaskEnded ended, const Error& failure) {
  GroupRun& parent = *run.parent;
  const bool counts = failure && !ended.allowed;
  ended.first_failure =
      counts && !run.task->is_group && !parent.tally.first && !parent.keeps_going();
  if (counts) {
    parent.tally.failures.push_back(failure);
    note_first(parent, failure);
  }
  end(run, std::move(ended), counts ? failure : Error());
}

// Before anything else hears of it, so that what it causes does not come first. As far up as fail()
// will carry it for certain.
void Execution::note_first(GroupRun& group, const Error& failure) {
  for (GroupRun* at = &group; at; at = at->run.parent) {
    if (!at->tally.first) at->tally.first = failure;
    if (at->keeps_going() || at->policy().halt) return;
  }
}

void Execution::end_one(Ending ending) {
  TaskRun& run = *ending.run;
  TaskEnded& ended = ending.ended;
  run.phase = TaskRun::Phase::ended;
  run.state = ended.state;
  run.excluded = ended.excluded;
  run.serves_needs =
      ended.state == TaskState::succeeded || ended.allowed || !ended.succeeded_in.empty();
  if (ended.state == TaskState::skipped) run.why = ended.error;
  GroupRun* const parent = run.parent;
  if (parent) parent->tally.add(ended);
  emit(ended);
  tell_dependents(run, Stage::ended);
  for (const Need& need : run.task->needs) user_ended(runs_[need.task]);
  if (parent) child_ended(run);
  if (ending.failure) fail(*parent, ending.failure);
  // Only now, or the cause that others are canceled for would be one that has copied this failure.
  if (!run.task->policy->key.empty()) share(run, ended);
  if (feeding_) feeding_->wake();
}

void Execution::child_ended(TaskRun& run) {
  GroupRun& group = *run.parent;
  const bool is_work = !run.task->policy->service && !run.is_last();
  if (group.run.task->mode == Mode::race && run.state == TaskState::succeeded && is_work &&
      !group.tally.won) {
    group.tally.won = true;
    group.group.cancel(Error::make(RaceWon{run.task->full_name}));
  }
  if (is_work && run.serves_needs) ++group.tally.good_work;
  halt(group);
  if (!is_stream_) {
    if (is_work && --group.work == 0) stop_unneeded_services(group);
    if (!run.is_last() && --group.ahead_of_last == 0) release_last(group);
  }
  one_less(group);
}

void Execution::one_less(GroupRun& group) {
  if (--group.remaining == 0) group.all_ended.set();
}

void Execution::stop_unneeded_services(GroupRun& group) {
  for (const TaskId child : group.run.task->children) {
    TaskRun& run = runs_[child];
    if (run.task->policy->service && run.users == 0) stop_service(run);
  }
}

void Execution::release_last(GroupRun& group) {
  const bool failed = !group.tally.all_well();
  for (const TaskId child : group.run.task->children) {
    TaskRun& run = runs_[child];
    if (!run.is_last() || !run.task->needs.empty()) continue;
    run.needed_failed = failed;
    meet(run);
  }
}

// A task, or a whole group, that will not start. What an earlier run has settled stays so.
void Execution::end_unstarted(TaskRun& run, TaskState state, const Error& why, bool excluded) {
  if (run.phase >= TaskRun::Phase::ending) return;
  if (run.phase == TaskRun::Phase::queued) slots_.release(run);
  for (const TaskId child : run.task->children) end_unstarted(runs_[child], state, why, excluded);
  TaskEnded ended;
  ended.task = run.task;
  ended.state = state;
  ended.error = why;
  ended.excluded = excluded;
  if (const Settled* settled = run.task->settled.get()) {
    ended.state = TaskState::skipped;
    ended.error = Error::text(settled->why);
    ended.excluded = true;
    if (settled->succeeded) ended.succeeded_in = settled->run;
  }
  end(run, std::move(ended));
}

// ---- needs

void Execution::tell_dependents(TaskRun& need, Stage stage) {
  if (is_stream_) return;
  const TaskId id = need.task->id;
  const bool failed = stage == Stage::ended && !need.serves_needs && !need.excluded;
  // First: what one of them decides may be what another in it waits for.
  for (std::size_t i = dependents_at_[id]; failed && i < dependents_at_[id + 1]; ++i) {
    runs_[dependents_[i].task].needed_failed = true;
  }
  for (std::size_t i = dependents_at_[id]; i < dependents_at_[id + 1]; ++i) {
    TaskRun& run = runs_[dependents_[i].task];
    if (run.phase == TaskRun::Phase::waiting) {
      tell_dependent(run, dependents_[i].condition, need, stage);
    }
  }
}

void Execution::tell_dependent(TaskRun& run, Condition condition, const TaskRun& need,
                               Stage stage) {
  const bool early = condition == Condition::started || condition == Condition::ready;
  if (stage != Stage::ended) {
    const bool now = condition == (stage == Stage::started ? Condition::started : Condition::ready);
    if (now) meet(run);
    return;
  }
  if (early && (condition == Condition::started ? need.started : need.ready)) return;  // long met
  const bool was_good = need.task->settled && need.serves_needs;  // in an earlier run
  if (run.is_last() || was_good || condition == Condition::done ||
      (condition == Condition::started && need.shares_outcome) ||
      (condition == Condition::success && need.serves_needs)) {
    return meet(run);
  }
  const std::string why =
      "needs " + need.task->full_name + ": " + std::string(in_words(need.state));
  end_unstarted(run, TaskState::skipped, Error::text(why), need.excluded);
}

void Execution::meet(TaskRun& run) {
  if (run.unmet == 0 || --run.unmet > 0) return;
  if (run.parent && run.phase == TaskRun::Phase::waiting) make_ready(run);
}

// ---- tasks with one key

// True: another task does the work, or has done it.
bool Execution::follow(TaskRun& run) {
  Flight& flight = flights_[run.task->policy->key];
  if (flight.ended) {
    copy_outcome(run, flight);
    return true;
  }
  if (flight.leader) {
    run.phase = TaskRun::Phase::following;
    flight.followers.push_back(&run);
    return true;
  }
  flight.leader = &run;
  flight.leader_name = run.task->full_name;
  return false;
}

// A leader that was canceled leaves the work to the next: the key's outcome is still to come.
void Execution::share(TaskRun& leader, const TaskEnded& ended) {
  const auto found = flights_.find(leader.task->policy->key);
  if (found == flights_.end()) return;
  Flight& flight = found->second;
  std::erase(flight.followers, &leader);
  if (flight.leader != &leader) return;
  flight.leader = nullptr;
  std::vector<TaskRun*> followers = std::exchange(flight.followers, {});
  if (ended.state != TaskState::canceled && ended.state != TaskState::skipped) {
    flight.ended = ended;
    flight.ended->last_lines.clear();
    flight.shell_code = leader.shell_code;
    for (TaskRun* run : followers) {
      if (run->phase == TaskRun::Phase::following) copy_outcome(*run, flight);
    }
    return;
  }
  for (TaskRun* run : followers) {
    if (run->phase == TaskRun::Phase::following) enqueue(*run);
  }
}

void Execution::copy_outcome(TaskRun& run, const Flight& flight) {
  TaskEnded ended = *flight.ended;
  ended.task = run.task;
  ended.attempts = 0;
  ended.duration = Duration::zero();
  ended.same_as = flight.leader_name;
  run.shares_outcome = true;
  ended.allowed = false;
  Error failure;
  if (is_failure(ended.state)) {
    failure = Error::make(
        TaskFailure{run.task->full_name, ended.state, ended.error.message(), flight.shell_code});
    ended.allowed = allows(run.task->policy->allow_failure, ended.status);
  }
  end_with(run, std::move(ended), failure);
}

}  // namespace errand::detail
