// SPDX-License-Identifier: Apache-2.0
#include "errand/run/detail/execution.h"

#include "errand/run/failure.h"
#include "errand/run/tail.h"

namespace errand::detail {

// ---- start and end of the run

void Execution::begin(const Task& root, const Plan* plan) {
  const unsigned jobs = root.jobs ? resolve_jobs(*root.jobs, options_.processors) : 0;
  emit(RunStarted{options_.id, options_.name, root.mode, plan, jobs});
}

awaitable<RunEnded> Execution::finish(const Task& root, GroupVerdict verdict) {
  for (const std::string& left : co_await executor_.close()) {
    emit(Notice{Notice::Level::warning, nullptr, "stopped what was left behind: " + left});
  }
  RunEnded ended;
  ended.state = verdict.state;
  ended.cause = context_.cause();
  ended.exit_status = run_exit_status(root, verdict, ended.cause);
  ended.error = std::move(verdict.error);
  ended.duration = now() - started_;
  emit(ended);
  co_return ended;
}

awaitable<RunEnded> Execution::run(const Plan& plan) {
  begin(plan.root(), &plan);
  link(plan);
  GroupRun& root = make_group(runs_.front(), context_, no_limit_);
  open(root);
  GroupVerdict verdict = co_await join(root);
  co_return co_await finish(plan.root(), std::move(verdict));
}

// Needs are turned round once, so that an end costs what depends on it.
void Execution::link(const Plan& plan) {
  const auto tasks = plan.tasks();
  runs_ = std::vector<TaskRun>(tasks.size());
  dependents_at_.assign(tasks.size() + 1, 0);
  for (const Task& task : tasks) {
    runs_[task.id].task = &task;
    runs_[task.id].unmet = static_cast<unsigned>(task.needs.size());
    for (const Need& need : task.needs) ++dependents_at_[need.task + 1];
  }
  for (std::size_t i = 1; i < dependents_at_.size(); ++i)
    dependents_at_[i] += dependents_at_[i - 1];
  dependents_.resize(dependents_at_.back());
  std::vector<std::size_t> next(dependents_at_.begin(), dependents_at_.end() - 1);
  for (const Task& task : tasks) {
    for (const Need& need : task.needs) dependents_[next[need.task]++] = task.id;
  }
}

// ---- groups

GroupRun& Execution::make_group(TaskRun& run, const Context& parent, SlotLimit& around) {
  const Task& task = *run.task;
  run.phase = TaskRun::Phase::running;
  Context context = parent;
  if (task.timeout) {
    const Error cause = Error::make(TimedOut{group_label(task), *task.timeout});
    context = with_timeout(parent, *task.timeout, cause).first;
  }
  GroupOptions options;
  options.name = task.full_name;
  options.on_failure =
      task.mode == Mode::errgroup ? OnFailure::cancel_siblings : OnFailure::keep_going;
  run.group = std::make_unique<GroupRun>(run, std::move(context), std::move(options));
  GroupRun& group = *run.group;
  group.limit.parent = &around;
  if (task.jobs) group.limit.most = resolve_jobs(*task.jobs, options_.processors);
  group.canceled.emplace(group.group.context(), [this, &group] { cancel_waiting(group); });
  return group;
}

awaitable<GroupVerdict> Execution::join(GroupRun& group) {
  TaskRun& run = group.run;
  co_await group.all_ended.wait();
  co_await group.group.wait();
  GroupVerdict verdict =
      judge_group(*run.task, group.tally, group.context, group.group.context().cause());
  TaskEnded ended;
  ended.task = run.task;
  ended.state = verdict.state;
  ended.error = verdict.why;
  ended.duration = now() - group.began;
  run.group.reset();
  if (run.parent) end(run, std::move(ended));
  co_return verdict;
}

awaitable<Error> Execution::join_nested(TaskRun& run, Context context) {
  GroupVerdict verdict = co_await join(*run.group);
  if (verdict.state == TaskState::succeeded) co_return Error();
  const bool failed = verdict.state == TaskState::failed || verdict.state == TaskState::timed_out;
  if (failed) {
    run.parent->tally.failures.push_back(verdict.error);
    fail(*run.parent, verdict.error);
  }
  co_return failed ? verdict.error : context.done() ? context.done_error() : Error();
}

// Children become ready in file order, those of nested groups in their place: all of it before any
// of them starts.
void Execution::open(GroupRun& group) {
  const Task& task = *group.run.task;
  for (const TaskId child : task.children) {
    TaskRun& run = runs_[child];
    run.parent = &group;
    if (run.phase == TaskRun::Phase::ended) {
      group.tally.add(run.state, run.why);  // skipped before its group could start
    } else {
      ++group.remaining;
    }
  }
  if (group.remaining == 0) group.all_ended.set();
  for (const TaskId child : task.children) {
    TaskRun& run = runs_[child];
    if (run.phase == TaskRun::Phase::waiting && run.unmet == 0) make_ready(run);
  }
}

void Execution::child_ended(GroupRun& group) {
  if (--group.remaining == 0) group.all_ended.set();
}

// The group's context is done: what has not started never will.
void Execution::cancel_waiting(GroupRun& group) {
  const Error why = Error::text(cause_text(group.group.context().cause()));
  for (const TaskId child : group.run.task->children) {
    TaskRun& run = runs_[child];
    if (run.phase == TaskRun::Phase::waiting || run.phase == TaskRun::Phase::queued) {
      end_unstarted(run, TaskState::canceled, why);
    }
  }
}

// One error flows up. In errgroup mode it decides at once, also for the groups around: they need
// not wait for the rest of this group to be gone.
void Execution::fail(GroupRun& group, const Error& failure) {
  if (!group.tally.first) group.tally.first = failure;
  if (group.keeps_going()) return;
  group.group.cancel(failure);
  if (group.run.parent) fail(*group.run.parent, failure);
}

// ---- tasks

void Execution::make_ready(TaskRun& run) {
  GroupRun& parent = *run.parent;
  if (parent.group.context().done()) return;  // cancel_waiting() is on its way
  emit(TaskReady{run.task});
  if (run.task->is_group) {
    open(make_group(run, parent.group.context(), parent.limit));
    auto nested = [this, &run](Context context) { return join_nested(run, std::move(context)); };
    parent.group.go(run.task->name, std::move(nested));
    return;
  }
  run.phase = TaskRun::Phase::queued;
  slots_.acquire(parent.limit, run);
}

void Execution::start(TaskRun& run) {
  GroupRun& parent = *run.parent;
  if (parent.group.context().done()) return;  // cancel_waiting() gives the slot back
  run.phase = TaskRun::Phase::running;
  if (feeding_) feeding_->wake();
  auto child = [this, &run, owner = std::move(run.owner)](Context context) {
    return run_task(run, std::move(context));
  };
  parent.group.go(run.task->name, std::move(child));
}

awaitable<AttemptResult> Execution::attempt(const Task& task, Context context, int slot,
                                            std::string& tail) {
  AttemptResult result;
  try {
    const std::unique_ptr<OutputSink> sink = output_.open(task, 1);
    TailSink kept(*sink);
    const Attempt described{&task, 1, slot, options_.id};
    result = co_await executor_.run(std::move(context), hurry_, described, kept, output_.capture());
    tail = kept.last_lines();
  } catch (...) {
    result.error = Error::from_exception(std::current_exception());
  }
  co_return result;
}

awaitable<Error> Execution::run_task(TaskRun& run, Context context) {
  const Task& task = *run.task;
  Context limited = context;
  if (task.timeout) {
    limited = with_timeout(context, *task.timeout, Error::make(TimedOut{"", *task.timeout})).first;
  }
  const int slot = slot_numbers_.take();
  const TimePoint began = now();
  emit(AttemptStarted{&task, 1, slot});
  TaskEnded ended;
  ended.task = &task;
  const AttemptResult result = co_await attempt(task, limited, slot, ended.last_lines);
  slot_numbers_.give_back(slot);

  const AttemptVerdict verdict = judge_attempt(result, limited);
  ended.state = verdict.state;
  ended.error = verdict.why;
  ended.status = result.status;
  ended.attempts = 1;
  ended.duration = now() - began;
  emit(AttemptEnded{&task, 1, verdict.state, result.status, verdict.why, ended.duration,
                    result.usage});
  for (const std::string& notice : result.notices) {
    emit(Notice{Notice::Level::warning, &task, notice});
  }
  GroupRun& parent = *run.parent;
  const Error failure = failure_of(task, verdict);
  ended.first_failure = failure && !parent.tally.first && !parent.keeps_going();
  end(run, std::move(ended));
  if (failure) {
    parent.tally.failures.push_back(failure);
    fail(parent, failure);
  }
  slots_.release(run);
  co_return failure                      ? failure
  : verdict.state == TaskState::canceled ? context.done_error()
                                         : Error();
}

// ---- endings

// Ends one task and whatever that decides for others. Not recursive: chains of needs may be long.
void Execution::end(TaskRun& run, TaskEnded ended) {
  endings_.emplace_back(&run, std::move(ended));
  if (ending_) return;
  ending_ = true;
  while (!endings_.empty()) {
    auto [next, what] = std::move(endings_.front());
    endings_.pop_front();
    if (next->phase != TaskRun::Phase::ended) end_one(*next, std::move(what));
  }
  ending_ = false;
}

void Execution::end_one(TaskRun& run, TaskEnded ended) {
  run.phase = TaskRun::Phase::ended;
  run.state = ended.state;
  if (ended.state == TaskState::skipped) run.why = ended.error;
  if (run.parent) run.parent->tally.add(ended.state, ended.error);
  emit(std::move(ended));
  tell_dependents(run);
  if (run.parent) child_ended(*run.parent);
}

// A task, or a whole group, that will not start.
void Execution::end_unstarted(TaskRun& run, TaskState state, const Error& why) {
  if (run.phase == TaskRun::Phase::ended) return;
  if (run.phase == TaskRun::Phase::queued) slots_.release(run);
  for (const TaskId child : run.task->children) end_unstarted(runs_[child], state, why);
  TaskEnded ended;
  ended.task = run.task;
  ended.state = state;
  ended.error = why;
  end(run, std::move(ended));
}

void Execution::tell_dependents(TaskRun& need) {
  if (runs_.empty()) return;  // a stream
  const TaskId id = need.task->id;
  for (std::size_t i = dependents_at_[id]; i < dependents_at_[id + 1]; ++i) {
    TaskRun& run = runs_[dependents_[i]];
    if (need.state == TaskState::succeeded) {
      if (--run.unmet == 0 && run.parent && run.phase == TaskRun::Phase::waiting) make_ready(run);
    } else if (run.phase == TaskRun::Phase::waiting) {
      const std::string why =
          "needs " + need.task->full_name + ": " + std::string(to_string(need.state));
      end_unstarted(run, TaskState::skipped, Error::text(why));
    }
  }
}

}  // namespace errand::detail
