// SPDX-License-Identifier: Apache-2.0
#include "errand/run/runner.h"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "errand/run/failure.h"
#include "errand/run/slots.h"
#include "errand/run/tail.h"
#include "errand/run/verdict.h"

namespace errand {
namespace {

struct GroupRun;

// One task in this run.
struct TaskRun final : SlotRequest {
  enum class Phase : std::uint8_t { waiting, queued, running, ended };
  TaskRun() = default;
  explicit TaskRun(const Task& of) : task(&of) {}
  const Task* task = nullptr;
  GroupRun* parent = nullptr;  // null for the root
  unsigned unmet = 0;          // needs that have not succeeded yet
  Phase phase = Phase::waiting;
  TaskState state = TaskState::succeeded;
  Error why;                    // of a skipped task
  std::shared_ptr<void> owner;  // of a streamed task that waits for its slot: itself
};

// One group that has started; lives in the frame of its coroutine.
struct GroupRun {
  GroupRun(TaskRun& task_run, Context group_context, GroupOptions options, SlotLimit& around)
      : run(task_run), group(std::move(group_context), std::move(options)),
        all_ended(group.context().runtime()) {
    limit.parent = &around;
  }
  bool keeps_going() const { return run.task->mode == Mode::aggregate; }

  TaskRun& run;
  Group group;
  SlotLimit limit;
  std::size_t remaining = 0;
  Event all_ended;
  GroupTally tally;
};

class Execution {
 public:
  Execution(Executor& executor, OutputTarget& output, Observer& observer, const RunOptions& options,
      Context context, Context hurry)
      : executor_(executor), output_(output), observer_(observer), options_(options),
        context_(std::move(context)), hurry_(std::move(hurry)), started_(now()),
        slots_([this](SlotRequest& request) { start(static_cast<TaskRun&>(request)); }) {}

  awaitable<RunEnded> run(const Plan& plan);
  awaitable<RunEnded> run_stream(const Task& root, TaskSource& source);

 private:
  // A task of a stream: nobody else remembers it.
  struct StreamTask {
    explicit StreamTask(Task given) : task(std::move(given)), run(task) {}
    Task task;
    TaskRun run;
  };
  using Ended = std::pair<TaskRun*, TaskEnded>;

  TimePoint now() const { return context_.runtime().now(); }
  template <class E>
  void emit(E event) {
    const Duration since = now() - started_;
    observer_.on({options_.started + std::chrono::duration_cast<WallTime::duration>(since), since,
                  std::move(event)});
  }
  void begin(const Task& root, const Plan* plan);
  RunEnded finish(const Task& root, GroupVerdict verdict);
  void link(const Plan& plan);

  awaitable<GroupVerdict> run_group(TaskRun& run, Context parent, SlotLimit& around,
                                    TaskSource* source = nullptr);
  awaitable<Error> run_nested(TaskRun& run, Context context);
  awaitable<Error> run_task(TaskRun& run, Context context);
  awaitable<AttemptResult> attempt(const Task& task, Context context, int slot, std::string& tail);
  awaitable<Error> feed(GroupRun& group, TaskSource& source, Context context);
  awaitable<void> start_streamed(GroupRun& group, Task task, Context context);

  void open(GroupRun& group);
  void make_ready(TaskRun& run);
  void start(TaskRun& run);
  void cancel_waiting(GroupRun& group);
  void fail(GroupRun& group, const Error& failure);
  void end(TaskRun& run, TaskEnded ended);
  void end_unstarted(TaskRun& run, TaskState state, const Error& why);
  void end_one(TaskRun& run, TaskEnded ended);
  void tell_dependents(TaskRun& need);
  void child_ended(GroupRun& group);

  Executor& executor_;
  OutputTarget& output_;
  Observer& observer_;
  const RunOptions& options_;
  Context context_, hurry_;
  TimePoint started_;
  SlotLimit no_limit_;
  Slots slots_;
  SlotNumbers slot_numbers_;
  std::vector<TaskRun> runs_;              // by TaskId
  std::vector<TaskId> dependents_;         // of all tasks, one after another
  std::vector<std::size_t> dependents_at_; // where those of a task begin
  std::deque<Ended> endings_;
  bool ending_ = false;
  Parking* feeding_ = nullptr;  // the reader of a stream that waits for a slot
};

// ---- start and end of the run

void Execution::begin(const Task& root, const Plan* plan) {
  const unsigned jobs = root.jobs ? resolve_jobs(*root.jobs, options_.processors) : 0;
  emit(RunStarted{options_.id, options_.name, root.mode, plan, jobs});
}

RunEnded Execution::finish(const Task& root, GroupVerdict verdict) {
  RunEnded ended;
  ended.state = verdict.state;
  ended.cause = context_.cause();
  ended.exit_status = run_exit_status(root, verdict, ended.cause);
  ended.error = std::move(verdict.error);
  ended.duration = now() - started_;
  emit(ended);
  return ended;
}

awaitable<RunEnded> Execution::run(const Plan& plan) {
  begin(plan.root(), &plan);
  link(plan);
  GroupVerdict verdict = co_await run_group(runs_.front(), context_, no_limit_);
  co_return finish(plan.root(), std::move(verdict));
}

// Needs are turned round once, so that an end costs what depends on it.
void Execution::link(const Plan& plan) {
  const auto tasks = plan.tasks();
  runs_ = std::vector<TaskRun>(tasks.size());
  dependents_at_.assign(tasks.size() + 1, 0);
  for (const Task& task : tasks) {
    runs_[task.id].task = &task;
    runs_[task.id].unmet = static_cast<unsigned>(task.needs.size());
    for (const TaskId need : task.needs) ++dependents_at_[need + 1];
  }
  for (std::size_t i = 1; i < dependents_at_.size(); ++i) dependents_at_[i] += dependents_at_[i - 1];
  dependents_.resize(dependents_at_.back());
  std::vector<std::size_t> next(dependents_at_.begin(), dependents_at_.end() - 1);
  for (const Task& task : tasks) {
    for (const TaskId need : task.needs) dependents_[next[need]++] = task.id;
  }
}

// ---- groups

awaitable<GroupVerdict> Execution::run_group(TaskRun& run, Context parent, SlotLimit& around,
                                       TaskSource* source) {
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
  const TimePoint began = now();
  GroupRun group(run, context, std::move(options), around);
  if (task.jobs) group.limit.most = resolve_jobs(*task.jobs, options_.processors);
  detail::CancelHook canceled(group.group.context(), [this, &group] { cancel_waiting(group); });
  if (source) {
    ++group.remaining;
    auto feeding = [this, &group, source](Context c) { return feed(group, *source, std::move(c)); };
    group.group.go("input", std::move(feeding));
  } else {
    open(group);
  }
  co_await group.all_ended.wait();
  co_await group.group.wait();
  GroupVerdict verdict = judge_group(task, group.tally, context);
  if (run.parent) {
    TaskEnded ended;
    ended.task = &task;
    ended.state = verdict.state;
    ended.error = verdict.why;
    ended.duration = now() - began;
    end(run, std::move(ended));
  }
  co_return verdict;
}

awaitable<Error> Execution::run_nested(TaskRun& run, Context context) {
  GroupRun& parent = *run.parent;
  GroupVerdict verdict = co_await run_group(run, context, parent.limit);
  if (verdict.state == TaskState::succeeded) co_return Error();
  const bool failed = verdict.state == TaskState::failed || verdict.state == TaskState::timed_out;
  if (failed) {
    parent.tally.failures.push_back(verdict.error);
    fail(parent, verdict.error);
  }
  co_return failed ? verdict.error : context.done() ? context.done_error() : Error();
}

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

// One error flows up. In errgroup mode it decides at once, also for the groups around: they need not
// wait for the rest of this group to be gone.
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
    run.phase = TaskRun::Phase::running;
    auto nested = [this, &run](Context context) { return run_nested(run, std::move(context)); };
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

awaitable<AttemptResult> Execution::attempt(const Task& task, Context context, int slot, std::string& tail) {
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
  emit(AttemptEnded{&task, 1, verdict.state, result.status, verdict.why, ended.duration, result.usage});
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
  co_return failure                          ? failure
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

// ---- tasks that arrive as a stream

awaitable<RunEnded> Execution::run_stream(const Task& root, TaskSource& source) {
  begin(root, nullptr);
  TaskRun run(root);
  GroupVerdict verdict = co_await run_group(run, context_, no_limit_, &source);
  co_return finish(root, std::move(verdict));
}

awaitable<Error> Execution::feed(GroupRun& group, TaskSource& source, Context context) {
  Error failure;
  while (!context.done()) {
    Result<std::optional<Task>> next = co_await source.next(context);
    if (!next && !context.done()) failure = next.error();
    if (!next || !*next) break;
    co_await start_streamed(group, std::move(**next), context);
  }
  if (failure) {
    group.tally.failures.push_back(failure);
    fail(group, failure);
  }
  child_ended(group);
  co_return failure;
}

// Suspends until the task has its slot, so that no more than one waits.
awaitable<void> Execution::start_streamed(GroupRun& group, Task task, Context context) {
  auto streamed = std::make_shared<StreamTask>(std::move(task));
  TaskRun& run = streamed->run;
  run.parent = &group;
  run.phase = TaskRun::Phase::queued;
  run.owner = streamed;
  ++group.remaining;
  emit(TaskReady{run.task});
  slots_.acquire(group.limit, run);
  if (run.granted()) {
    co_await asio::post(context.runtime().executor(), asio::use_awaitable);  // let it begin
    co_return;
  }
  Parking parking(context.runtime());
  feeding_ = &parking;
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  co_await parking.park();
  feeding_ = nullptr;
  if (run.phase != TaskRun::Phase::queued) co_return;
  end_unstarted(run, TaskState::canceled, Error::text(cause_text(context.cause())));
  run.owner.reset();
}

}  // namespace

unsigned resolve_jobs(const Jobs& jobs, unsigned processors) {
  switch (jobs.kind) {
    case Jobs::Kind::count: return jobs.value;
    case Jobs::Kind::percent: return std::max(1U, processors * jobs.value / 100);
    case Jobs::Kind::automatic: return std::max(1U, processors);
    case Jobs::Kind::unlimited: return 0;
  }
  return 0;
}

Runner::Runner(Executor& executor, OutputTarget& output, Observer& observer, RunOptions options)
    : executor_(executor), output_(output), observer_(observer), options_(std::move(options)) {}

awaitable<RunEnded> Runner::run(Context context, Context hurry, const Plan& plan) {
  Execution run(executor_, output_, observer_, options_, std::move(context), std::move(hurry));
  co_return co_await run.run(plan);
}

awaitable<RunEnded> Runner::run_stream(Context context, Context hurry, const Task& root,
                                       TaskSource& source) {
  Execution run(executor_, output_, observer_, options_, std::move(context), std::move(hurry));
  co_return co_await run.run_stream(root, source);
}

}  // namespace errand
