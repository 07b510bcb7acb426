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
  pending_ends_.push_back({&run, std::move(ended), failure});
  if (processing_ends_) return;
  processing_ends_ = true;
  while (!pending_ends_.empty()) {
    PendingEnd next = std::move(pending_ends_.front());
    pending_ends_.pop_front();
    process_end(std::move(next));
  }
  processing_ends_ = false;
}

void Execution::end_with(TaskRun& run, TaskEnded ended, const Error& failure) {
  GroupRun& parent = *run.parent;
  const bool counts = failure && !ended.allowed;
  ended.first_failure =
      counts && !run.task->is_group && !parent.tally.first && !parent.keeps_going();
  if (counts) {
    ++parent.tally.failures;
    record_first_failure(parent, failure);
  }
  end(run, std::move(ended), counts ? failure : Error());
}

// Before anything else hears of it, so that what it causes does not come first. As far up as fail()
// will carry it for certain.
void Execution::record_first_failure(GroupRun& group, const Error& failure) {
  for (GroupRun* at = &group; at; at = at->run.parent) {
    if (!at->tally.first) at->tally.first = failure;
    if (at->keeps_going() || at->policy().halt) return;
  }
}

void Execution::process_end(PendingEnd pending) {
  TaskRun& run = *pending.run;
  TaskEnded& ended = pending.ended;
  run.phase = TaskRun::Phase::ended;
  run.state = ended.state;
  run.excluded = ended.excluded;
  run.serves_needs =
      ended.state == TaskState::succeeded || ended.allowed || !ended.succeeded_in.empty();
  if (ended.state == TaskState::skipped) run.why = ended.error;
  GroupRun* const parent = run.parent;
  if (parent) parent->tally.add(ended);
  if (!run.task->is_group) {
    ++coverage_.given;
    if (ended.excluded) ++coverage_.excluded;
  }
  emit(ended);
  notify_dependents(run, Stage::ended);
  if (!is_stream_) {
    const bool is_fine = run.serves_needs || run.excluded || is_success_without(run);
    if (is_fine) {
      fulfill(run);
    } else {
      if (!run.fulfilled) count_service(run);
      spoil_groups(run);
    }
    for (const Need& need : run.task->needs) {
      TaskRun& needed = runs_[need.task];
      if (keeps_services(*needed.task, need.condition)) user_ended(needed);
    }
  }
  if (parent) child_ended(run);
  if (pending.failure) fail(*parent, pending.failure);
  // Only now, or the cause that others are canceled for would be one that has copied this failure.
  if (!run.task->policy->dedupe_key.empty()) publish_outcome(run, ended);
  if (feeding_) feeding_->wake();
  if (run.task->policy->service) wake_awaiting_services();
}

void Execution::child_ended(TaskRun& run) {
  GroupRun& group = *run.parent;
  const bool is_work = run.is_work();
  if (group.run.task->mode == Mode::race && run.state == TaskState::succeeded && is_work &&
      !group.tally.won) {
    group.tally.won = true;
    group.group.cancel(Error::make(RaceWon{run.task->full_name}));
  }
  if (is_work && run.serves_needs) ++group.tally.good_work;
  halt(group);
  if (!is_stream_) {
    if (is_work && --group.work == 0) {
      if (group.run.task->mode == Mode::race && !group.tally.won) spoil_groups(run);
      stop_unneeded_services(group.run);
    }
    if (!run.is_last() && --group.ahead_of_last == 0) release_last(group);
  }
  child_finished(group);
}

void Execution::child_finished(GroupRun& group) {
  if (--group.remaining == 0) group.all_ended.set();
}

void Execution::release_last(GroupRun& group) {
  const bool failed = !group.tally.all_well();
  for (const TaskId child : group.run.task->children) {
    TaskRun& run = runs_[child];
    if (!run.is_last() || !run.task->needs.empty()) continue;
    run.needed_failed = failed;
    need_met(run);
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
  if (const EarlierResult* earlier = run.task->earlier_result.get()) {
    ended.state = TaskState::skipped;
    ended.error = Error::text(earlier->reason);
    ended.excluded = true;
    if (earlier->succeeded) ended.succeeded_in = earlier->run;
  }
  end(run, std::move(ended));
}

// ---- needs

// A group that has been won is a success whatever else ends in it; one whose rule says that it is
// over has succeeded without what that has canceled.
bool Execution::is_success_without(const TaskRun& run) const {
  const GroupRun* group = run.parent;
  if (!group) return false;
  const GroupTally& tally = group->tally;
  return tally.won || (tally.halted && !tally.first && run.state == TaskState::canceled);
}

void Execution::notify_dependents(TaskRun& need, Stage stage) {
  if (is_stream_) return;
  const TaskId id = need.task->id;
  const bool failed =
      stage == Stage::spoiled || (stage == Stage::ended && !need.serves_needs && !need.excluded);
  // First: what one of them decides may be what another in it waits for.
  for (std::size_t i = dependents_at_[id]; failed && i < dependents_at_[id + 1]; ++i) {
    runs_[dependents_[i].task].needed_failed = true;
  }
  for (std::size_t i = dependents_at_[id]; i < dependents_at_[id + 1]; ++i) {
    TaskRun& run = runs_[dependents_[i].task];
    if (run.phase == TaskRun::Phase::waiting) {
      notify_dependent(run, dependents_[i].condition, need, stage);
    } else if (failed && need.task->policy->service &&
               dependents_[i].condition != Condition::done) {
      skip_unstarted(run, need);
    }
  }
}

// Nothing starts beside a service that has failed.
void Execution::skip_unstarted(TaskRun& run, const TaskRun& service) {
  if (run.is_last()) return;
  if (run.phase <= TaskRun::Phase::queued && run.phase != TaskRun::Phase::following)
    return skip_for_need(run, service);
  if (!run.group) return;
  for (const TaskId child : run.task->children) skip_unstarted(runs_[child], service);
}

void Execution::notify_dependent(TaskRun& run, Condition condition, const TaskRun& need,
                                 Stage stage) {
  // A group has succeeded, for those that need it, as soon as it is ready.
  const bool waits_for_ready =
      condition == Condition::ready || (need.task->is_group && condition == Condition::success);
  if (stage == Stage::spoiled) {
    if (!waits_for_ready || need.ready) return;
    return run.is_last() ? need_met(run) : skip_dependent(run, need, TaskState::failed);
  }
  if (stage != Stage::ended) {
    const bool now = stage == Stage::started ? condition == Condition::started : waits_for_ready;
    if (now) need_met(run);
    return;
  }
  const bool is_dead = need.task->policy->service && !need.serves_needs && !run.is_last();
  if (condition == Condition::started && need.started && !is_dead) return;  // long met
  if (waits_for_ready && (need.ready || need.told_spoiled) && !is_dead) return;
  const bool was_good = need.task->earlier_result && need.serves_needs;  // in an earlier run
  if (run.is_last() || was_good || condition == Condition::done ||
      (condition == Condition::started && need.shares_outcome) ||
      (need.serves_needs && (condition == Condition::success || need.task->is_group))) {
    return need_met(run);
  }
  skip_dependent(run, need, need.state);
}

void Execution::skip_for_need(TaskRun& run, const TaskRun& need) {
  skip_dependent(run, need, need.state);
}

void Execution::skip_dependent(TaskRun& run, const TaskRun& need, TaskState state) {
  const std::string why = "needs " + need.task->full_name + ": " + std::string(in_words(state));
  end_unstarted(run, TaskState::skipped, Error::text(why), need.excluded);
}

void Execution::need_met(TaskRun& run) {
  if (run.unmet == 0 || --run.unmet > 0) return;
  if (run.parent && run.phase == TaskRun::Phase::waiting) make_ready(run);
}

// ---- tasks with one key

// True: another task does the work, or has done it.
bool Execution::deduplicate(TaskRun& run) {
  SharedOutcome& outcome = shared_outcomes_[run.task->policy->dedupe_key];
  if (outcome.ended) {
    copy_outcome(run, outcome);
    return true;
  }
  if (outcome.leader) {
    run.phase = TaskRun::Phase::following;
    outcome.followers.push_back(&run);
    return true;
  }
  outcome.leader = &run;
  outcome.leader_name = run.task->full_name;
  return false;
}

// A leader that was canceled leaves the work to the next: the key's outcome is still to come.
void Execution::publish_outcome(TaskRun& leader, const TaskEnded& ended) {
  const auto found = shared_outcomes_.find(leader.task->policy->dedupe_key);
  if (found == shared_outcomes_.end()) return;
  SharedOutcome& outcome = found->second;
  std::erase(outcome.followers, &leader);
  if (outcome.leader != &leader) return;
  outcome.leader = nullptr;
  std::vector<TaskRun*> followers = std::exchange(outcome.followers, {});
  if (ended.state != TaskState::canceled && ended.state != TaskState::skipped) {
    outcome.ended = ended;
    outcome.ended->last_lines.clear();
    outcome.shell_code = leader.shell_code;
    for (TaskRun* run : followers) {
      if (run->phase == TaskRun::Phase::following) copy_outcome(*run, outcome);
    }
    return;
  }
  for (TaskRun* run : followers) {
    if (run->phase == TaskRun::Phase::following) enqueue(*run);
  }
}

void Execution::copy_outcome(TaskRun& run, const SharedOutcome& outcome) {
  TaskEnded ended = *outcome.ended;
  ended.task = run.task;
  ended.attempts = 0;
  ended.duration = Duration::zero();
  ended.same_as = outcome.leader_name;
  run.shares_outcome = true;
  ended.allowed = false;
  Error failure;
  if (is_failure(ended.state)) {
    failure = Error::make(
        TaskFailure{run.task->full_name, ended.state, ended.error.message(), outcome.shell_code});
    ended.allowed = allows(run.task->policy->allow_failure, ended.status);
  }
  end_with(run, std::move(ended), failure);
}

}  // namespace errand::detail
