// SPDX-License-Identifier: Apache-2.0
//
// One run in progress; private to this layer.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "errand/run/runner.h"
#include "errand/run/slots.h"
#include "errand/run/verdict.h"

namespace errand::detail {

struct GroupRun;

// One task in this run.
struct TaskRun final : SlotRequest {
  enum class Phase : std::uint8_t { waiting, queued, running, ended };
  TaskRun();
  explicit TaskRun(const Task& of);
  ~TaskRun();
  const Task* task = nullptr;
  GroupRun* parent = nullptr;  // null for the root
  unsigned unmet = 0;          // needs that have not succeeded yet
  Phase phase = Phase::waiting;
  TaskState state = TaskState::succeeded;
  Error why;                        // of a skipped task
  std::unique_ptr<GroupRun> group;  // of a group, while it runs
  std::shared_ptr<void> owner;      // of a streamed task that waits for its slot: itself
};

// One group that has started.
struct GroupRun {
  GroupRun(TaskRun& task_run, Context group_context, GroupOptions options)
      : run(task_run),
        context(std::move(group_context)),
        group(context, std::move(options)),
        all_ended(context.runtime()),
        began(context.runtime().now()) {}
  bool keeps_going() const { return run.task->mode == Mode::aggregate; }

  TaskRun& run;
  Context context;  // with the group's timeout; its parent's otherwise
  Group group;
  SlotLimit limit;
  std::size_t remaining = 0;
  Event all_ended;
  const TimePoint began;
  GroupTally tally;
  std::optional<CancelHook> canceled;
};

inline TaskRun::TaskRun() = default;
inline TaskRun::TaskRun(const Task& of) : task(&of) {}
inline TaskRun::~TaskRun() = default;

class Execution {
 public:
  Execution(Executor& executor, OutputTarget& output, Observer& observer, const RunOptions& options,
            Context context, Context hurry)
      : executor_(executor),
        output_(output),
        observer_(observer),
        options_(options),
        context_(std::move(context)),
        hurry_(std::move(hurry)),
        started_(now()),
        slots_([this](SlotRequest& request) { start(static_cast<TaskRun&>(request)); }) {}

  // lint: outlives: the plan, the root and the source are the caller's.
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
  // lint: outlives: the root is the caller's.
  awaitable<RunEnded> finish(const Task& root, GroupVerdict verdict);
  void link(const Plan& plan);

  // lint: outlives: what a run is made of lives until Execution::run() has returned.
  awaitable<GroupVerdict> join(GroupRun& group);
  awaitable<Error> join_nested(TaskRun& run, Context context);
  awaitable<Error> run_task(TaskRun& run, Context context);
  awaitable<AttemptResult> attempt(const Task& task, Context context, int slot, std::string& tail);
  awaitable<Error> feed(GroupRun& group, TaskSource& source, Context context);
  awaitable<void> start_streamed(GroupRun& group, Task task, Context context);

  GroupRun& make_group(TaskRun& run, const Context& parent, SlotLimit& around);
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
  std::vector<TaskRun> runs_;               // by TaskId
  std::vector<TaskId> dependents_;          // of all tasks, one after another
  std::vector<std::size_t> dependents_at_;  // where those of a task begin
  std::deque<Ended> endings_;
  bool ending_ = false;
  Parking* feeding_ = nullptr;  // the reader of a stream that waits for a slot
};

}  // namespace errand::detail
