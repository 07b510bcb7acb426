// SPDX-License-Identifier: Apache-2.0
//
// Looks at one run of a plan: reads its events, is told of its attempts, and knows from the
// contract alone what must be so.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "errand/concurrency/virtual_runtime.h"
#include "errand/events/failure.h"
#include "errand/run/runner.h"
#include "simulation/plan_gates.h"
#include "simulation/plan_tree.h"
#include "simulation/trace.h"

namespace errand::simulation {

class PlanWatch final : public Observer {
 public:
  PlanWatch(VirtualRuntime& runtime, Trace& trace, const PlanSpec& spec, const BuiltPlan& built,
            const FewTokens* tokens);

  void on(const RunEvent& event) override;
  // The executor was asked to run this attempt.
  void attempt_begins(const Attempt& attempt, const Context& context);
  // It has seen that the attempt's context is done.
  void attempt_stopped(const Attempt& attempt);
  // It is about to return; without a result it throws.
  void attempt_returns(const Attempt& attempt, const AttemptResult* result);
  void grace_over(const Attempt& attempt, bool cut_short);
  // It has written the text, or answered a check with yes.
  void service_ready(const Attempt& attempt);
  std::optional<Duration> runs_since(const Attempt& attempt);
  void signaled(const Error& cause);
  void force_stopped() { force_stopped_at_ = now(); }
  // Nothing is ready in this instant any more.
  void check_settled();
  void check_end(const RunEnded& ended);

 private:
  struct AttemptWatch {
    int slot = 0;
    TimePoint began, stopped_at, ended_at;
    std::optional<Context> context;  // while the executor has it
    bool stopped = false, returned = false, ended = false;
    bool ready = false;                           // of a service
    std::size_t ends_before = 0, end_number = 0;  // among the task's attempts
    std::set<TaskState> may_end;
    int code = 0;  // if it failed by itself
    bool ran = false;
    TaskState state = TaskState::succeeded;
    std::optional<ExitStatus> status;
  };
  struct TaskWatch {
    bool ready = false, ended = false;
    TimePoint ready_at, ended_at;
    std::optional<TimePoint> refused_at;  // the first time, by a breaker
    TaskState state = TaskState::succeeded;
    bool allowed = false, excluded = false, shared = false;
    int code = 0;  // of a failure
    std::vector<AttemptWatch> attempts;
    std::size_t attempts_ended = 0;
    std::size_t running = 0;  // attempts: its own, or those inside
    // A group's end before its children's: when, why, and the failure's exit status.
    std::optional<TimePoint> dead_at, timed_out_at, halted_at;
    std::string death;
    std::optional<Timer> timeout;  // set before the library's, so that it fires before it
    bool won = false, failed = false;
    // Of a group with services: it has become ready; it never will.
    bool is_met = false, is_spoiled = false;
    int first_code = 0;
    std::string first_cause;
    bool told_first = false;
  };
  struct Teller;

  TimePoint now() const { return runtime_.now(); }
  TaskWatch& of(const Task& task) { return tasks_[task.id]; }
  const Task& parent_of(const Task& task) const { return plan_.task(task.parent); }
  void expect(bool holds, std::string_view what, const Task& task) {
    trace_.expect(holds, what, task.full_name);
  }
  // From the task itself, or the group around it, up to the run.
  template <class Visit>
  void for_each_around(const Task& task, Visit visit);

  // ---- plan_watch.cpp: events and scopes
  void watch_timeout(const Task& group);
  bool is_last(const Task& task) const { return task.policy->when != When::on_success; }
  bool is_work(const Task& task) const { return simulation::is_work(plan_.tasks(), task.id); }
  // Since when is what is around the task, or a group with it, over for it?
  std::optional<TimePoint> outside_over_at(const Task& task);
  std::optional<TimePoint> scope_over_at(const Task& group);
  bool over_for(const Task& task) { return outside_over_at(task).has_value(); }
  bool over_before_now(const Task& task);
  void run_started();
  void ready(const Task& task);
  void task_ended(const TaskEnded& event);
  void run_ended(const RunEnded& event);
  void count_end(const TaskEnded& event);
  bool halt_rule_holds(const Task& group);
  void failed_in(const Task& group, int code, const std::string& cause);
  void kill(const Task& group, const std::string& cause);

  // ---- plan_order.cpp: what waits for what
  bool is_good(TaskId id) const;
  bool holds(const Need& need);
  bool cannot_hold(const Need& need);
  bool is_dead(const Need& need) const;
  bool some_failure_waits_for_service();
  bool needs_met(const Task& task, int attempt = 1);
  bool others_ended(const Task& last);
  bool something_failed(const Task& last);
  bool unneeded(const Task& service);
  bool is_given_up(TaskId group);
  bool is_success_without(const Task& task);
  bool is_fulfilled(const Task& task);
  bool is_spoiled(const Task& group);
  void update_groups();
  bool has_users(const Task& needed, bool only_now);
  bool is_beside_work(const Task& service);
  std::vector<const Task*> may_wait_for_slots();
  void check_order(const Task& task);
  void check_waiting(const Task& task);
  void check_held_up(const Task& task, const std::vector<const Task*>& waiting);
  bool follows(const Task& task);

  // ---- plan_attempts.cpp: one task's attempts
  void attempt_started(const AttemptStarted& event);
  void attempt_ended(const AttemptEnded& event);
  AttemptWatch& watch_of(const Attempt& attempt);
  void check_beside_others(const Task& task, const AttemptWatch& watch);
  void check_retry(const Task& task);
  bool worth_another_try(const Task& task, const AttemptWatch& watch) const;
  bool decides(const Task& task, const AttemptWatch& watch) const;
  bool lost(const Task& task, const AttemptWatch& watch);
  bool out_of_time(const Task& task, const AttemptWatch& watch);
  TimePoint task_began(const Task& task);
  bool deadline_over(const Task& task);
  bool last_task_time_passed(const Task& task);
  bool never_ready(const Task& task, const AttemptWatch& watch) const;
  std::set<TaskState> reasons_to_stop(const Task& task, const AttemptWatch& watch);
  void check_contexts(const Task& task);
  void check_course(const TaskEnded& event);
  void check_given_up(const TaskEnded& event);

  // ---- plan_ends.cpp: how tasks, groups and the run end
  int code_of(const TaskEnded& event);
  void check_flags(const TaskEnded& event);
  void check_group_end(const TaskEnded& event);
  TaskState expected_state(const Task& group);
  void check_unstarted(const TaskEnded& event);
  void check_cause(const TaskEnded& event);
  bool explains_skip(const Task& task, const TaskEnded& event);
  void check_shared(const TaskEnded& event);
  bool started_nothing();
  void check_exit_status(const RunEnded& ended);
  void check_required(const RunEnded& ended);

  VirtualRuntime& runtime_;
  Trace& trace_;
  const Plan& plan_;
  const std::vector<const PlanNode*>& nodes_;
  GateWatch gates_;
  std::vector<TaskWatch> tasks_;
  std::map<std::string, TaskId> worked_;  // by key: who ran to its own end
  std::string signal_;                    // as a cause
  std::size_t running_ = 0;
  std::optional<TimePoint> signaled_at_, force_stopped_at_;
  bool began_ = false;
  bool was_refusal_ = false;  // by a breaker
  bool over_ = false;
};

template <class Visit>
void PlanWatch::for_each_around(const Task& task, Visit visit) {
  for (const Task* at = &task;; at = &plan_.task(at->parent)) {
    visit(*at);
    if (at->id == 0) return;
  }
}

}  // namespace errand::simulation
