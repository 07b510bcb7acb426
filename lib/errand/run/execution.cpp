// SPDX-License-Identifier: Apache-2.0
#include "errand/run/execution.h"

#include "errand/events/failure.h"

namespace errand::detail {
namespace {

// Starts at least this far apart rather than in bursts.
std::unique_ptr<RateLimiter> limiter(Runtime& runtime, unsigned count, Duration per) {
  const double seconds = std::chrono::duration<double>(per).count();
  return std::make_unique<RateLimiter>(runtime, count / seconds, 1);
}

std::unique_ptr<CircuitBreaker> breaker_of(const Runtime& runtime, const BreakerRule& rule) {
  BreakerOptions options;
  options.failures = rule.failures;
  options.delay = rule.delay;
  return std::make_unique<CircuitBreaker>(runtime, std::move(options));
}

}  // namespace

TaskRun::TaskRun() = default;
TaskRun::TaskRun(const Task& of) : task(&of) {}
TaskRun::~TaskRun() = default;

void TaskRun::granted() {
  if (resume) return resume->wake();
  parent->execution.start(*this);
}

// cancel_waiting() may still be on its way.
bool TaskRun::wanted() const {
  if (is_last()) return !parent->last || !parent->last->context.done();
  return !parent->group.context().done();
}

LastTasks::LastTasks(std::pair<Context, CancelFn> scope, const Context& force_stop,
                     std::function<void()> then)
    : context(std::move(scope.first)),
      cancel(std::move(scope.second)),
      force_stopped(force_stop, [this, force_stop, then = std::move(then)] {
        cancel(force_stop.cause());
        then();
      }) {}

GroupRun::GroupRun(Execution& in, TaskRun& task_run, Context group_context, GroupOptions options)
    : execution(in),
      run(task_run),
      context(std::move(group_context)),
      group(context, std::move(options)),
      all_ended(context.runtime()),
      began(context.runtime().now()) {}

Execution::Execution(Executor& executor, OutputTarget& output, Observer& observer,
                     const RunOptions& options, Context context, Context force_stop)
    : executor_(executor),
      output_(output),
      observer_(observer),
      options_(options),
      context_(std::move(context)),
      force_stop_(std::move(force_stop)),
      started_(now()),
      slots_(context_.runtime(), {options.tokens, options.held_back}),
      span_ids_(options.seed) {
  const auto add = [this](unsigned count, Duration per) {
    rates_.push_back(limiter(context_.runtime(), count, per));
    no_limit_.rates.push_back(rates_.back().get());
  };
  if (options.rate) add(options.rate->count, options.rate->per);
  if (options.delay > Duration::zero()) add(1, options.delay);
}

void Execution::notice(Notice::Level level, const Task* task, const std::string& text) {
  emit(Notice{level, task, masker_->mask_message(text)});
}

Error Execution::masked(Error error) const {
  if (!error || masker_->empty()) return error;
  std::string shown = masker_->mask_message(error.message());
  return shown == error.message() ? error : Error::reworded(std::move(shown), std::move(error));
}

// ---- start and end of the run

void Execution::begin(const Task& root, const Plan* plan) {
  masker_ = root.masker.get();
  const unsigned jobs = root.jobs ? resolve_jobs(*root.jobs, options_.processors) : 0;
  emit(RunStarted{options_.id, options_.name, root.mode, plan, jobs, options_.trace,
                  options_.origin, options_.earlier});
}

awaitable<RunEnded> Execution::finish(const Task& root, GroupVerdict verdict) {
  for (const std::string& left : co_await executor_.close()) {
    notice(Notice::Level::warning, nullptr, left);
  }
  judge_coverage(verdict);
  RunEnded ended;
  ended.state = verdict.state;
  ended.cause = context_.cause();
  ended.exit_status = run_exit_status(root, verdict, ended.cause);
  ended.error = std::move(verdict.error);
  ended.by_tasks = verdict.by_tasks;
  ended.duration = now() - started_;
  emit(ended);
  co_return ended;
}

// A success of which nothing ran may be none.
void Execution::judge_coverage(GroupVerdict& verdict) {
  if (verdict.state != TaskState::succeeded) return;
  const std::optional<NothingRan> nothing = errand::judge_coverage(coverage_);
  if (!nothing) return;
  if (!nothing->error) return notice(Notice::Level::info, nullptr, nothing->note);
  verdict.state = TaskState::failed;
  verdict.error = Error::make(InputFailure{nothing->error.message()});
}

awaitable<RunEnded> Execution::run(const Plan& plan) {
  coverage_.left_out = options_.left_out;
  begin(plan.root(), &plan);
  link(plan);
  for (const Task& task : plan.tasks()) {
    if (task.earlier_result) end_unstarted(runs_[task.id], TaskState::skipped, Error());
  }
  GroupRun& root = make_group(runs_.front(), context_);
  open(root);
  GroupVerdict verdict = co_await join(root);
  co_return co_await finish(plan.root(), std::move(verdict));
}

// Needs are turned round once, so that an end costs what depends on it.
void Execution::link(const Plan& plan) {
  const auto tasks = plan.tasks();
  for (const Limit& limit : plan.limits()) locks_.push_back({limit.count});
  runs_ = std::vector<TaskRun>(tasks.size());
  dependents_at_.assign(tasks.size() + 1, 0);
  for (const Task& task : tasks) {
    TaskRun& run = runs_[task.id];
    run.task = &task;
    run.unmet = static_cast<unsigned>(task.needs.size());
    if (run.is_last() && task.needs.empty()) run.unmet = 1;  // the others of its group
    for (const Need& need : task.needs) {
      ++dependents_at_[need.task + 1];
      if (keeps_services(tasks[need.task], need.condition)) ++runs_[need.task].users;
    }
  }
  for (std::size_t i = 1; i < dependents_at_.size(); ++i)
    dependents_at_[i] += dependents_at_[i - 1];
  dependents_.resize(dependents_at_.back());
  std::vector<std::size_t> next(dependents_at_.begin(), dependents_at_.end() - 1);
  for (const Task& task : tasks) {
    for (const Need& need : task.needs) {
      dependents_[next[need.task]++] = {task.id, need.condition};
    }
  }
  describe_groups(plan);
}

// ---- groups

GroupRun& Execution::make_group(TaskRun& run, const Context& parent) {
  const Task& task = *run.task;
  run.phase = TaskRun::Phase::running;
  Context context = parent;
  if (task.timeout) {
    const Error cause = Error::make(TimedOut{group_label(task), *task.timeout});
    context = with_timeout(parent, *task.timeout, cause).first;
  }
  GroupOptions options;
  options.name = task.full_name;
  options.on_failure = task.mode == Mode::errgroup && !task.policy->halt
                           ? OnFailure::cancel_siblings
                           : OnFailure::keep_going;
  options.failures_max = 1;  // the runner counts failures itself
  run.group = std::make_unique<GroupRun>(*this, run, std::move(context), std::move(options));
  GroupRun& group = *run.group;
  limit_starts(group);
  group.canceled.emplace(group.group.context(), [this, &group] { cancel_waiting(group); });
  return group;
}

void Execution::limit_starts(GroupRun& group) {
  const Task& task = *group.run.task;
  const Policy& policy = group.policy();
  group.limit = group.run.parent ? group.run.parent->limit : &no_limit_;
  if (task.jobs || policy.rate) {
    group.own_limit.parent = group.limit;
    group.limit = &group.own_limit;
  }
  if (task.jobs) group.own_limit.max = resolve_jobs(*task.jobs, options_.processors);
  if (policy.rate) {
    group.rate = limiter(context_.runtime(), policy.rate->count, policy.rate->per);
    group.own_limit.rates.push_back(group.rate.get());
  }
  if (policy.breaker) group.breaker = breaker_of(context_.runtime(), *policy.breaker);
}

awaitable<GroupVerdict> Execution::join(GroupRun& group) {
  TaskRun& run = group.run;
  co_await group.all_ended.wait();
  co_await group.group.wait();
  GroupVerdict verdict =
      judge_group(*run.task, group.tally, group.context, group.group.context().cause());
  const bool failed = is_failure(verdict.state);
  TaskEnded ended;
  ended.task = run.task;
  ended.state = verdict.state;
  ended.error = verdict.why;
  ended.duration = now() - group.began;
  slots_.forget(group.own_limit);
  run.group.reset();
  if (run.parent) end_with(run, std::move(ended), failed ? verdict.error : Error());
  co_return verdict;
}

awaitable<Error> Execution::join_nested(TaskRun& run, Context context) {
  GroupVerdict verdict = co_await join(*run.group);
  if (verdict.state == TaskState::succeeded) co_return Error();
  const bool failed = is_failure(verdict.state);
  co_return failed ? verdict.error : context.done() ? context.done_error() : Error();
}

// Children become ready in file order, those of nested groups in their place: all of it before any
// of them starts.
void Execution::open(GroupRun& group) {
  const Task& task = *group.run.task;
  for (const TaskId child : task.children) {
    TaskRun& run = runs_[child];
    run.parent = &group;
    if (run.phase == TaskRun::Phase::ended) {  // skipped before its group could start
      TaskEnded ended;
      ended.state = run.state;
      ended.error = run.why;
      ended.excluded = run.excluded;
      group.tally.add(ended);
      if (run.serves_needs && run.is_work()) ++group.tally.good_work;
      continue;
    }
    ++group.remaining;
    if (!run.is_last()) ++group.ahead_of_last;
    if (run.is_work()) ++group.work;
  }
  if (group.remaining == 0) group.all_ended.set();
  if (may_be_ready(group.run)) fulfill(group.run);
  for (const TaskId child : task.children) {
    TaskRun& run = runs_[child];
    if (run.phase != TaskRun::Phase::waiting) continue;
    if (group.ahead_of_last == 0 && run.is_last() && run.task->needs.empty()) {
      run.unmet = 0;
      run.needed_failed = !group.tally.all_well();
    }
    if (run.unmet == 0) make_ready(run);
  }
}

// A group whose context is done still runs its last tasks, in a context that only a second signal
// ends.
const Context& Execution::last_context(GroupRun& group) {
  if (!group.last) {
    auto rest = [this, &group] { cancel_last(group); };
    group.last = std::make_unique<LastTasks>(with_cancel(without_cancel(group.context)),
                                             force_stop_, std::move(rest));
  }
  return group.last->context;
}

// What needs nothing any more gets in line, or is over at once.
void Execution::make_ready(TaskRun& run) {
  GroupRun& parent = *run.parent;
  const Task& task = *run.task;
  const bool is_last = run.is_last();
  if (!is_last && parent.group.context().done()) return;  // cancel_waiting() is on its way
  if (!is_last && parent.tally.halted) return;            // as halt() has done
  if (is_last && force_stop_.done()) {
    return end_unstarted(run, TaskState::canceled, Error::text(cause_text(force_stop_.cause())));
  }
  if (!task.excluded.empty()) {
    return end_unstarted(run, TaskState::skipped, Error::text(task.excluded), true);
  }
  if (task.policy->when == When::on_failure && !run.needed_failed) {
    return end_unstarted(run, TaskState::skipped, Error::text("when: nothing has failed"), true);
  }
  if (task.policy->service && is_unneeded(run)) {
    return end_unstarted(run, TaskState::skipped, Error::text("nothing needs it any more"), true);
  }
  emit(TaskReady{&task});
  const Context around = is_last ? last_context(parent) : parent.group.context();
  if (task.is_group) {
    open(make_group(run, around));
    auto nested = [this, &run](Context context) { return join_nested(run, std::move(context)); };
    parent.group.go(task.name, std::move(nested));
    return;
  }
  enqueue(run);
}

void Execution::enqueue(TaskRun& run) {
  const Policy& policy = *run.task->policy;
  if (!policy.dedupe_key.empty() && deduplicate(run)) return;
  run.phase = TaskRun::Phase::queued;
  if (policy.service) return start(run);
  slots_.acquire(claim_of(run), run);
}

void Execution::start(TaskRun& run) {
  GroupRun& parent = *run.parent;
  if (!run.is_last() && parent.group.context().done()) return;  // cancel_waiting() is on its way
  if (is_stream_ && parent.tally.halted) return;                // feed() is about to end it
  run.phase = TaskRun::Phase::running;
  if (feeding_) feeding_->wake();
  auto child = [this, &run, owner = std::move(run.owner)](Context context) {
    return run_task(run, std::move(context));
  };
  parent.group.go(run.task->name, std::move(child));
}

// The group's context is done: what has not started never will, but for what runs last.
void Execution::cancel_waiting(GroupRun& group) {
  cancel_unstarted(group, Which::others, group.group.context().cause());
}

// After a second signal: those that wait for a slot, or for what is being stopped.
void Execution::cancel_last(GroupRun& group) {
  cancel_unstarted(group, Which::last, force_stop_.cause());
}

void Execution::cancel_unstarted(GroupRun& group, Which which, const Error& cause) {
  const Error why = Error::text(cause_text(cause));
  for (const TaskId child : group.run.task->children) {
    TaskRun& run = runs_[child];
    if (run.not_started() && run.is_last() == (which == Which::last)) {
      end_unstarted(run, TaskState::canceled, why);
    }
  }
}

// One error flows up. In errgroup mode it decides at once, also for the groups around: they need
// not wait for the rest of this group to be gone. What a rule of the group's own decides, this does
// not: before that rule holds nothing is over, and `soon` lets what runs end.
void Execution::fail(GroupRun& group, const Error& failure) {
  if (!group.tally.first) group.tally.first = failure;
  if (group.keeps_going() || group.tally.won) return;
  const auto& rule = group.policy().halt;
  if (rule && (!group.tally.halted || rule->speed == Halt::Speed::soon)) return;
  group.group.cancel(failure);
  if (group.run.parent) fail(*group.run.parent, group.tally.first);
}

// ---- halt

bool Execution::halt_rule_holds(const GroupRun& group) const {
  const Halt& rule = *group.policy().halt;
  const GroupTally& tally = group.tally;
  const std::size_t count = rule.trigger == Halt::Trigger::fail ? tally.failed()
                            : rule.trigger == Halt::Trigger::success
                                ? tally.good_work
                                : tally.good_work + tally.failed();
  if (!rule.percent) return count >= rule.count;
  constexpr std::size_t kPercentOfAtLeast = 3;  // as in GNU parallel, where the number is unknown
  const std::size_t all = is_stream_ ? tally.total() : group.run.task->children.size();
  return (!is_stream_ || all >= kPercentOfAtLeast) && count * 100 >= rule.count * all;
}

void Execution::halt(GroupRun& group) {
  if (!group.policy().halt || group.tally.halted || !halt_rule_holds(group)) return;
  const Halt& rule = *group.policy().halt;
  group.tally.halted = true;
  if (rule.trigger == Halt::Trigger::success) group.tally.won = true;
  const Error cause = Error::make(Halted{format(rule)});
  group.tally.halt = cause;
  if (rule.speed == Halt::Speed::now) {
    group.group.cancel(cause);
  } else {
    cancel_unstarted(group, Which::others, cause);
  }
}

}  // namespace errand::detail
