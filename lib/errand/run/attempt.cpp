// SPDX-License-Identifier: Apache-2.0
//
// One attempt of a task, from its number to its end.
#include "errand/events/failure.h"
#include "errand/events/trace_context.h"
#include "errand/run/execution.h"
#include "errand/run/readiness.h"
#include "errand/run/tail.h"

namespace errand::detail {
namespace {

Error open_breaker(const GroupRun& group) {
  return Error::text("the circuit breaker of " + group_label(*group.run.task) + " is open");
}

void record_result(std::vector<CircuitBreaker::Permit>& permits, TaskState state) {
  for (CircuitBreaker::Permit& permit : permits) {
    if (state == TaskState::succeeded) permit.success();
    if (is_failure(state)) permit.failure();
  }
}

// What an attempt's output passes on its way to its sink. The mask comes first, so that nothing
// behind it sees a secret. There is one if there are secrets, or may be some before the attempt
// has ended.
class OutputPath {
 public:
  OutputPath(OutputSink& sink, Readiness* readiness, const Masker& masker, bool may_grow)
      : tail_(sink), has_secrets_(!masker.empty()) {
    if (readiness && readiness->watches_log()) {
      watched_ = std::make_unique<ReadySink>(*readiness, tail_);
    }
    OutputSink& behind_mask = watched_ ? static_cast<OutputSink&>(*watched_) : tail_;
    if (has_secrets_ || may_grow) mask_ = std::make_unique<MaskSink>(masker, behind_mask);
  }
  OutputSink& entry() {
    if (mask_) return *mask_;
    return watched_ ? static_cast<OutputSink&>(*watched_) : tail_;
  }
  // Whether errand has to see the output, wherever it is shown.
  bool must_see() const { return watched_ || has_secrets_; }
  void end(AttemptResult& result) {
    if (!mask_) return;
    if (Error error = mask_->finish(); error && !result.error) result.error = error;
  }
  const TailSink& tail() const { return tail_; }

 private:
  TailSink tail_;
  bool has_secrets_;
  std::unique_ptr<ReadySink> watched_;
  std::unique_ptr<MaskSink> mask_;
};

Context limited(const Task& task, Context context) {
  if (!task.timeout) return context;
  return with_timeout(context, *task.timeout, Error::make(TimedOut{"", *task.timeout})).first;
}

}  // namespace

// Of the groups around the task that have a breaker, all must admit it.
Error Execution::take_permits(TaskRun& run, std::vector<CircuitBreaker::Permit>& permits) {
  for (GroupRun* group = run.parent; group; group = group->run.parent) {
    if (!group->breaker) continue;
    Result<CircuitBreaker::Permit> permit = group->breaker->try_acquire();
    if (!permit) return open_breaker(*group);
    permits.push_back(std::move(*permit));
  }
  return {};
}

// Numbers it and tells of its start.
Attempt Execution::begin_attempt(TaskExecution& task_execution, const Readiness* readiness) {
  const Task& task = task_execution.task;
  const bool service = task.policy->service;
  Attempt described{&task, ++task_execution.attempts, service ? 0 : slot_numbers_.take(),
                    options_.id};
  AttemptStarted started{&task, described.number, described.slot, task_execution.in_flight++ > 0};
  if (!options_.trace.trace_id.empty()) {
    started.span_id = span_id(span_ids_());
    described.traceparent = traceparent(options_.trace, started.span_id);
  }
  emit(std::move(started));
  if (!std::exchange(task_execution.run.started, true))
    notify_dependents(task_execution.run, Stage::started);
  if (service) {
    described.exited = [this, &run = task_execution.run] { service_exited(run); };
    task_execution.run.exited = false;
  }
  if (service && !readiness) became_ready(task_execution.run);
  return described;
}

awaitable<void> Execution::attempt(TaskExecution& task_execution, AttemptOutcome& outcome,
                                   Context context, bool held, Readiness* readiness) {
  const Task& task = task_execution.task;
  outcome = {};
  std::vector<CircuitBreaker::Permit> permits;
  if (Error refused = take_permits(task_execution.run, permits)) {
    outcome.verdict = {TaskState::failed, refused, 1};
    outcome.refused = true;
    co_return;
  }
  context = limited(task, std::move(context));
  const TimePoint began = now();
  std::optional<Timer> slow;
  if (task.slow_after && !task.policy->service) {
    slow.emplace(context.runtime(), [this, &task] {
      notice(Notice::Level::info, &task,
             "still running after " + format_duration(*task.slow_after));
    });
    slow->set_after(*task.slow_after);
  }
  const Attempt described = begin_attempt(task_execution, readiness);
  AttemptResult result;
  KeptOutput kept;
  try {
    std::unique_ptr<OutputSink> shown;
    if (held) {
      outcome.held = output_.hold(task, described.number);
    } else {
      shown = output_.open(task, described.number);
    }
    OutputSink& sink = held ? *outcome.held : *shown;
    const bool may_grow = is_stream_ && masker_ != no_secrets().get();
    OutputPath path(sink, readiness, *masker_, may_grow);
    Capture capture = output_.capture();
    if (capture == Capture::inherit && (held || path.must_see())) capture = Capture::separate;
    result = co_await executor_.run(context, force_stop_, described, path.entry(), capture);
    path.end(result);
    outcome.last_lines = path.tail().last_lines();
    outcome.out_bytes = path.tail().out_bytes();
    kept = sink.kept();
  } catch (...) {
    result.error = Error::from_exception(std::current_exception());
  }
  outcome.verdict = judge_attempt(result, *task.policy, context);
  outcome.verdict.why = masked(std::move(outcome.verdict.why));
  record_result(permits, outcome.verdict.state);
  end_attempt(task_execution, described, outcome, result, now() - began, std::move(kept));
}

void Execution::end_attempt(TaskExecution& task_execution, const Attempt& described,
                            AttemptOutcome& outcome, const AttemptResult& result, Duration duration,
                            KeptOutput kept) {
  const TaskState state = outcome.verdict.state;
  outcome.status = result.status;
  // What was canceled before its process began has neither.
  if (result.status || result.error) ++coverage_.started;
  if (described.slot != 0) slot_numbers_.give_back(described.slot);
  --task_execution.in_flight;
  const Error& why = outcome.verdict.why;
  if (is_failure(state) && !task_execution.first_failure) task_execution.first_failure = why;
  record_latency(task_execution, described.number, state, why, duration);
  emit(AttemptEnded{described.task, described.number, state, result.status, why, duration,
                    result.usage, std::move(kept), outcome.out_bytes, outcome.last_lines});
  for (const std::string& text : result.notices) {
    notice(Notice::Level::warning, described.task, text);
  }
}

// ---- how long attempts take

// After how long another attempt starts beside a slow one. None: too little is known yet.
std::optional<Duration> Execution::hedge_delay(const Task& task) {
  const HedgeDelay& delay = task.policy->hedge->delay;
  if (const auto* fixed = std::get_if<Duration>(&delay)) return *fixed;
  return latencies_of(task, std::get<Percentile>(delay)).value();
}

// The tasks of a stream are taken for tasks of one kind: none of them comes twice.
LatencyQuantile& Execution::latencies_of(const Task& task, Percentile percentile) {
  const std::string key = is_stream_ ? format(percentile) : task.full_name;
  if (const auto found = latencies_.find(key); found != latencies_.end()) return found->second;
  LatencyQuantile known = is_stream_ ? stream_latencies(percentile)
                                     : task_latencies(percentile, options_.history, task.full_name);
  return latencies_.emplace(key, std::move(known)).first->second;
}

void Execution::record_latency(TaskExecution& task_execution, int attempt, TaskState state,
                               const Error& why, Duration duration) {
  if (!task_execution.policy().hedge) return;
  const auto* percentile = std::get_if<Percentile>(&task_execution.policy().hedge->delay);
  if (!percentile ||
      !task_execution.latency_samples.is_representative(attempt, state, why.message()))
    return;
  latencies_of(task_execution.task, *percentile).record(duration);
}

}  // namespace errand::detail
