// SPDX-License-Identifier: Apache-2.0
//
// Looks at one run of a plan: reads its events, is told of its attempts, and knows from the
// contract alone what must be so.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "errand/concurrency/virtual_runtime.h"
#include "errand/run/failure.h"
#include "errand/run/runner.h"
#include "simulation/plan_tree.h"
#include "simulation/trace.h"

namespace errand::simulation {

class PlanWatch final : public Observer {
 public:
  PlanWatch(VirtualRuntime& runtime, Trace& trace, const BuiltPlan& built);

  void on(const RunEvent& event) override;
  // The executor was asked to run this attempt, and is about to return from it.
  void attempt_begins(const Attempt& attempt, const Context& context);
  void attempt_returns(const Attempt& attempt);
  void grace_over(const Attempt& attempt, bool cut_short);
  void signaled(const Error& cause);
  void hurried() { hurried_at_ = now(); }
  // Nothing is ready in this instant any more.
  void check_settled();
  void check_end(const RunEnded& ended);

 private:
  struct TaskWatch {
    bool ready = false, started = false, attempt_ended = false, ended = false;
    TimePoint ready_at;
    TaskState state = TaskState::succeeded;
    int slot = 0;
    std::size_t running = 0;  // attempts: its own, or those inside
    // A group's end before its children's: when, and the failure's exit status.
    std::optional<TimePoint> dead_at;
    std::optional<TimePoint> timed_out_at;
    std::optional<Timer> timeout;  // set before the library's, so that it fires before it
    int first_code = 0;
    bool told_first = false;
  };
  struct Teller;

  TimePoint now() const { return runtime_.now(); }
  TaskWatch& of(const Task& task) { return tasks_[task.id]; }
  void expect(bool holds, std::string_view what, const Task& task) {
    trace_.expect(holds, what, task.full_name);
  }
  // From the task itself, or the group around it, up to the run.
  template <class Visit>
  void for_each_around(const Task& task, Visit visit);
  void watch_timeout(const Task& group);
  std::optional<TimePoint> ended_from_outside_at(const Task& group);
  bool needs_met(const Task& task);
  bool full(const Task& group);

  void run_started();
  void ready(const Task& task);
  void attempt_started(const AttemptStarted& event);
  void attempt_ended(const AttemptEnded& event);
  void task_ended(const TaskEnded& event);
  void run_ended(const RunEnded& event);
  void check_group_end(const TaskEnded& event);
  TaskState expected_state(const Task& group);
  void check_unstarted(const TaskEnded& event);
  void check_cause(const TaskEnded& event);
  void failed_in(const Task& group, int code);
  int code_of(const TaskEnded& event);
  void check_exit_status(const RunEnded& ended);

  VirtualRuntime& runtime_;
  Trace& trace_;
  const Plan& plan_;
  const std::vector<const PlanNode*>& nodes_;
  std::vector<TaskWatch> tasks_;
  std::set<int> slots_;
  std::set<std::string> causes_;  // what a cancellation may name, so far
  std::size_t running_ = 0;
  std::optional<TimePoint> slot_freed_at_, signaled_at_, hurried_at_;
  bool began_ = false;
  bool over_ = false;
};

}  // namespace errand::simulation
