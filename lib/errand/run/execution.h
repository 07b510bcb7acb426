// SPDX-License-Identifier: Apache-2.0
//
// One run in progress; private to this layer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "errand/concurrency/circuit_breaker.h"
#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "errand/concurrency/rate_limiter.h"
#include "errand/run/mask.h"
#include "errand/run/nothing_ran.h"
#include "errand/run/runner.h"
#include "errand/run/slots.h"
#include "errand/run/verdict.h"

namespace errand::detail {

class Execution;
struct TaskExecution;
struct GroupRun;
class Readiness;

// One task in this run. As a SlotRequest: for its first attempt, or the next after a wait.
struct TaskRun final : SlotRequest {
  enum class Phase : std::uint8_t {
    waiting,    // for what it needs
    following,  // for the task with an equal key that runs
    queued,     // for a slot
    running,
    ending,  // in Execution's queue
    ended,
  };
  TaskRun();
  explicit TaskRun(const Task& of);
  ~TaskRun();
  void granted() override;
  bool wanted() const override;
  bool is_last() const { return task->policy->when != When::on_success; }
  bool is_work() const { return !is_last() && !task->policy->service && !only_services; }
  bool not_started() const { return phase < Phase::running; }

  const Task* task = nullptr;
  GroupRun* parent = nullptr;  // null for the root
  unsigned unmet = 0;          // needs that are still waited for
  unsigned users = 0;          // of a service, or a group with some: those that need it and have
                               // not ended
  Phase phase = Phase::waiting;
  TaskState state = TaskState::succeeded;
  bool started = false;         // its first attempt
  bool ready = false;           // of a service, or of a group with some
  bool exited = false;          // of a service: its process has ended by itself
  bool fulfilled = false;       // it is ready, has succeeded, or does not run by the user's word
  bool shares_outcome = false;  // of a task with an equal key
  bool serves_needs = false;    // it has ended so that what needs it may run
  bool excluded = false;        // skipped because the file says so
  bool needed_failed = false;
  Error why;           // of a skipped task
  int shell_code = 0;  // of a failed one
  // Of a group. What runs last does not count for any of these.
  bool has_services = false;        // in it, or in a group in it
  bool only_services = false;       // it lives as long as they do, and is no work of its group
  bool spoiled = false;             // it will not become ready: a task in it has not succeeded
  bool told_spoiled = false;        // what needs it has heard of that
  std::size_t unfulfilled = 0;      // children
  std::unique_ptr<GroupRun> group;  // of a group, while it runs
  std::shared_ptr<void> owner;      // of a streamed task that waits for its slot: itself
  std::optional<CancelFn> stop;     // of a service, between its tries too
  Parking* resume = nullptr;        // of a task that waits for the slot of another attempt
};

// Does what has this need keep services running: the one that it needs, or those of the group? A
// group that only has to be over is not kept from ending.
inline bool keeps_services(const Task& needed, Condition condition) {
  return !needed.is_group || condition != Condition::done;
}

// What keeps the last tasks of a group going when its context is done.
struct LastTasks {
  // `then` is called when a second signal has ended the context.
  LastTasks(std::pair<Context, CancelFn> scope, const Context& force_stop,
            std::function<void()> then);
  Context context;
  CancelFn cancel;
  CancelHook force_stopped;
};

// One group that has started.
struct GroupRun {
  GroupRun(Execution& in, TaskRun& task_run, Context group_context, GroupOptions options);
  bool keeps_going() const { return run.task->mode != Mode::errgroup; }
  const Policy& policy() const { return *run.task->policy; }

  Execution& execution;
  TaskRun& run;
  Context context;  // with the group's timeout; its parent's otherwise
  Group group;
  SlotLimit own_limit;         // where the group has one, or a rate
  SlotLimit* limit = nullptr;  // the nearest
  std::unique_ptr<RateLimiter> rate;
  std::unique_ptr<CircuitBreaker> breaker;
  std::unique_ptr<LastTasks> last;
  std::size_t remaining = 0;      // children that have not ended
  std::size_t ahead_of_last = 0;  // of them, those that the last tasks wait for
  std::size_t work = 0;           // of these, those that are no services, nor groups of them
  Event all_ended;
  const TimePoint began;
  GroupTally tally;
  std::optional<CancelHook> canceled;
};

// How one attempt ended.
struct AttemptOutcome {
  AttemptVerdict verdict;
  bool refused = false;  // by a breaker; it has not run
  std::optional<ExitStatus> status;
  std::string last_lines;
  std::uint64_t out_bytes = 0;
  std::shared_ptr<HeldSink> held;
};

// Tasks that have one key.
struct SharedOutcome {
  TaskRun* leader = nullptr;
  std::string leader_name;
  std::vector<TaskRun*> followers;
  std::optional<TaskEnded> ended;  // shared from then on
  int shell_code = 0;
};

// What a task that runs last has when its group has been canceled and it names no time of its own.
inline constexpr Duration kLastTaskTime = std::chrono::seconds(30);

class Execution {
 public:
  Execution(Executor& executor, OutputTarget& output, Observer& observer, const RunOptions& options,
            Context context, Context force_stop);

  // lint: outlives: the plan, the root and the source are the caller's.
  awaitable<RunEnded> run(const Plan& plan);
  awaitable<RunEnded> run_stream(const Task& root, TaskSource& source);
  // What a task asked for is there.
  void start(TaskRun& run);

 private:
  // A task of a stream: nobody else remembers it.
  struct StreamTask {
    explicit StreamTask(Task given) : task(std::move(given)), run(task) {}
    Task task;
    TaskRun run;
  };
  struct Dependent {
    TaskId task = 0;
    Condition condition = Condition::success;
  };
  struct PendingEnd {
    TaskRun* run;
    TaskEnded ended;
    Error failure;  // of the group, if it is one
  };
  enum class Which : std::uint8_t { last, others };  // of a group's children
  enum class Stage : std::uint8_t { started, ready, spoiled, ended };

  TimePoint now() const { return context_.runtime().now(); }
  template <class E>
  void emit(E event) {
    const Duration since = now() - started_;
    observer_.on({options_.started + std::chrono::duration_cast<WallTime::duration>(since), since,
                  std::move(event)});
  }
  void notice(Notice::Level level, const Task* task, const std::string& text);
  Error masked(Error error) const;

  // ---- execution.cpp: the run and its groups
  void begin(const Task& root, const Plan* plan);
  // lint: outlives: the root is the caller's.
  awaitable<RunEnded> finish(const Task& root, GroupVerdict verdict);
  void judge_coverage(GroupVerdict& verdict);
  void link(const Plan& plan);
  // lint: outlives: what a run is made of lives until Execution::run() has returned.
  awaitable<GroupVerdict> join(GroupRun& group);
  awaitable<Error> join_nested(TaskRun& run, Context context);
  GroupRun& make_group(TaskRun& run, const Context& parent);
  void limit_starts(GroupRun& group);
  void open(GroupRun& group);
  void make_ready(TaskRun& run);
  void enqueue(TaskRun& run);
  const Context& last_context(GroupRun& group);
  void cancel_waiting(GroupRun& group);
  void cancel_last(GroupRun& group);
  void cancel_unstarted(GroupRun& group, Which which, const Error& cause);
  void fail(GroupRun& group, const Error& failure);
  void halt(GroupRun& group);
  bool halt_rule_holds(const GroupRun& group) const;

  // ---- stream.cpp
  // lint: outlives: tasks, groups and executions end after the coroutines that work for them.
  awaitable<Error> feed(GroupRun& group, TaskSource& source, Context context);
  awaitable<void> start_streamed(GroupRun& group, Task task, Context context);
  // ---- task_execution.cpp: one task on its way through its policies
  awaitable<Error> run_task(TaskRun& run, Context context);
  awaitable<void> run_with_retries(TaskExecution& task_execution, Context context);
  awaitable<void> retry_attempts(TaskExecution& task_execution, Context context);
  awaitable<Error> run_try(TaskExecution& task_execution, Context context, int index);
  awaitable<void> try_once(TaskExecution& task_execution, Context context);
  awaitable<void> run_hedged(TaskExecution& task_execution, Context context, Duration delay);
  awaitable<Result<AttemptOutcome>> hedge_attempt(TaskExecution& task_execution, Context context,
                                                  int index);
  awaitable<bool> acquire(SlotRequest& request, Parking& parking, SlotClaim claim, Context context);
  awaitable<Error> reacquire_slot(TaskRun& run, Context context);
  // ---- attempt.cpp: one attempt
  awaitable<void> attempt(TaskExecution& task_execution, AttemptOutcome& outcome, Context context,
                          bool held, Readiness* readiness = nullptr);
  Attempt begin_attempt(TaskExecution& task_execution, const Readiness* readiness);
  std::optional<Duration> hedge_delay(const Task& task);
  void record_latency(TaskExecution& task_execution, int attempt, TaskState state, const Error& why,
                      Duration duration);
  LatencyQuantile& latencies_of(const Task& task, Percentile percentile);
  void end_attempt(TaskExecution& task_execution, const Attempt& described, AttemptOutcome& outcome,
                   const AttemptResult& result, Duration duration, KeptOutput kept);
  // ---- service.cpp
  awaitable<void> serve(TaskExecution& task_execution, Context context);
  awaitable<Error> watch_readiness(TaskExecution& task_execution, Readiness& readiness,
                                   Context context);
  awaitable<Error> probe_until_ready(TaskExecution& task_execution, Context context);

  SlotClaim claim_of(TaskRun& run);
  Context own_context(TaskRun& run, const Context& around);
  Error end_task(TaskExecution& task_execution, const Context& context);
  Error take_permits(TaskRun& run, std::vector<CircuitBreaker::Permit>& permits);
  const TaskRun* dead_service(const TaskRun& run) const;
  bool needs_services(const TaskRun& run) const;
  bool awaits_service(const TaskRun& run, bool exited_only) const;
  // lint: outlives: the caller awaits it.
  awaitable<void> await_dying_services(TaskRun& run);
  void service_exited(TaskRun& service);
  void wake_awaiting_services();
  void became_ready(TaskRun& run);
  void describe_groups(const Plan& plan);
  bool runs_last(const TaskRun& run) const;
  bool has_users(const TaskRun& run) const;
  bool is_unneeded(const TaskRun& service) const;
  bool is_held_by_group(const TaskRun& service) const;
  bool is_beside_work(const TaskRun& service) const;
  static bool may_be_ready(const TaskRun& group);
  void fulfill(TaskRun& run);
  void spoil_groups(const TaskRun& run);
  void skip_dependent(TaskRun& run, const TaskRun& need, TaskState state);
  void count_service(const TaskRun& run);
  void user_ended(TaskRun& needed);
  void stop_unneeded_services(TaskRun& group);
  void stop_service(TaskRun& service);

  // ---- completion.cpp
  void end(TaskRun& run, TaskEnded ended, const Error& failure = {});
  void end_with(TaskRun& run, TaskEnded ended, const Error& failure);
  void end_unstarted(TaskRun& run, TaskState state, const Error& why, bool excluded = false);
  static void record_first_failure(GroupRun& group, const Error& failure);
  void process_end(PendingEnd pending);
  void child_ended(TaskRun& run);
  void child_finished(GroupRun& group);
  void release_last(GroupRun& group);
  void notify_dependents(TaskRun& need, Stage stage);
  bool is_success_without(const TaskRun& run) const;
  void notify_dependent(TaskRun& run, Condition condition, const TaskRun& need, Stage stage);
  void skip_unstarted(TaskRun& run, const TaskRun& service);
  void skip_for_need(TaskRun& run, const TaskRun& need);
  void need_met(TaskRun& run);
  bool deduplicate(TaskRun& run);
  void publish_outcome(TaskRun& leader, const TaskEnded& ended);
  void copy_outcome(TaskRun& run, const SharedOutcome& outcome);

  Executor& executor_;
  OutputTarget& output_;
  Observer& observer_;
  const RunOptions& options_;
  Context context_, force_stop_;
  TimePoint started_;
  std::vector<std::unique_ptr<RateLimiter>> rates_;  // of the run's options
  SlotLimit no_limit_;
  Slots slots_;
  SlotNumbers slot_numbers_;
  std::mt19937_64 span_ids_;
  RunCoverage coverage_;
  const Masker* masker_ = no_secrets().get();     // the run's
  std::vector<TaskRun> runs_;                     // by TaskId
  std::vector<Dependent> dependents_;             // of all tasks, one after another
  std::vector<std::size_t> dependents_at_;        // where those of a task begin
  std::vector<LockCount> locks_;                  // by the plan's limits
  std::map<std::string, LockCount> named_locks_;  // of a stream
  LockCount terminal_;
  std::unordered_map<std::string, SharedOutcome> shared_outcomes_;
  std::map<std::string, LatencyQuantile, std::less<>> latencies_;  // of tasks, or of a stream's
  std::deque<PendingEnd> pending_ends_;
  std::size_t services_ahead_ = 0;  // neither ready nor ended; not those in what runs last
  bool processing_ends_ = false;
  bool is_stream_ = false;
  Parking* feeding_ = nullptr;  // the reader of a stream that waits for a slot
  std::vector<Parking*> awaiting_services_;
};

// A task between its first attempt's start and its end.
struct TaskExecution {
  explicit TaskExecution(TaskRun& of, TimePoint at) : run(of), task(*of.task), began(at) {}
  const Policy& policy() const { return *task.policy; }

  TaskRun& run;
  const Task& task;
  const TimePoint began;
  TimePoint over;  // after its last attempt
  int attempts = 0;
  int in_flight = 0;               // attempts
  Error first_failure;             // why its first failed attempt failed; empty if none did
  bool waits = true;               // for the next attempt, or the first
  LatencySamples latency_samples;  // of them
  AttemptOutcome last;
  std::shared_ptr<HeldSink> original;  // of the last hedge
  bool decided = false;                // the last hedge: who has no slot yet is not to start
};

}  // namespace errand::detail
