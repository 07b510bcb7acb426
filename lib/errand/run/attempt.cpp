// SPDX-License-Identifier: Apache-2.0
//
// One attempt of a task, from its number to its end.
#include "errand/run/detail/execution.h"
#include "errand/run/detail/readiness.h"
#include "errand/run/failure.h"
#include "errand/run/tail.h"
#include "errand/run/trace_context.h"

namespace errand::detail {
namespace {

Error open_breaker(const GroupRun& group) {
  return Error::text("the circuit breaker of " + group_label(*group.run.task) + " is open");
}

void tell(std::vector<CircuitBreaker::Permit>& permits, TaskState state) {
  for (CircuitBreaker::Permit& permit : permits) {
    if (state == TaskState::succeeded) permit.success();
    if (state == TaskState::failed || state == TaskState::timed_out) permit.failure();
  }
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

awaitable<AttemptOutcome> Execution::attempt(Course& course, Context context, bool held,
                                             Readiness* readiness) {
  const Task& task = course.task;
  TaskRun& run = course.run;
  AttemptOutcome outcome;
  std::vector<CircuitBreaker::Permit> permits;
  if (Error refused = take_permits(run, permits)) {
    outcome.verdict = {TaskState::failed, refused, 1};
    outcome.refused = true;
    co_return outcome;
  }
  Context limited = context;
  if (task.timeout) {
    limited = with_timeout(context, *task.timeout, Error::make(TimedOut{"", *task.timeout})).first;
  }
  const int number = ++course.attempts;
  const int slot = task.policy->service ? 0 : slot_numbers_.take();
  const TimePoint began = now();
  std::optional<Timer> slow;
  if (task.slow_after && !task.policy->service) {
    slow.emplace(context.runtime(), [this, &task] {
      notice(Notice::Level::info, &task,
             "still running after " + format_duration(*task.slow_after));
    });
    slow->set_after(*task.slow_after);
  }
  Attempt described{&task, number, slot, options_.id};
  AttemptStarted started{&task, number, slot, course.in_flight++ > 0};
  if (!options_.trace.trace_id.empty()) {
    started.span_id = span_id(span_ids_());
    described.traceparent = traceparent(options_.trace, started.span_id);
  }
  emit(std::move(started));
  if (!std::exchange(run.started, true)) tell_dependents(run, Stage::started);
  if (task.policy->service && !readiness) became_ready(run);
  AttemptResult result;
  KeptOutput kept;
  try {
    if (held) outcome.held = output_.hold(task, number);
    const std::unique_ptr<OutputSink> shown = held ? nullptr : output_.open(task, number);
    OutputSink& sink = held ? *outcome.held : *shown;
    result = co_await execute(limited, described, sink, outcome, readiness);
    kept = sink.kept();
  } catch (...) {
    result.error = Error::from_exception(std::current_exception());
  }
  if (slot != 0) slot_numbers_.give_back(slot);
  --course.in_flight;

  outcome.verdict = judge_attempt(result, *task.policy, limited);
  outcome.status = result.status;
  tell(permits, outcome.verdict.state);
  const TaskState state = outcome.verdict.state;
  if (state == TaskState::failed || state == TaskState::timed_out) course.has_failed = true;
  emit(AttemptEnded{&task, number, state, result.status, masked(outcome.verdict.why), now() - began,
                    result.usage, std::move(kept)});
  for (const std::string& text : result.notices) notice(Notice::Level::warning, &task, text);
  co_return outcome;
}

// The output passes the mask first, so that nothing behind it sees a secret.
awaitable<AttemptResult> Execution::execute(Context context, Attempt described, OutputSink& sink,
                                            AttemptOutcome& outcome, Readiness* readiness) {
  TailSink tail(sink);
  std::optional<ReadySink> watched;
  if (readiness && readiness->watches_log()) watched.emplace(*readiness, tail);
  OutputSink& inner = watched ? static_cast<OutputSink&>(*watched) : tail;
  std::optional<MaskSink> mask;
  if (!masker_.empty()) mask.emplace(masker_, inner);
  OutputSink& outer = mask ? static_cast<OutputSink&>(*mask) : inner;
  Capture capture = output_.capture();
  const bool must_see = outcome.held || watched || mask;
  if (capture == Capture::inherit && must_see) capture = Capture::separate;
  AttemptResult result =
      co_await executor_.run(std::move(context), hurry_, described, outer, capture);
  if (mask) {
    if (Error error = mask->finish(); error && !result.error) result.error = error;
  }
  outcome.last_lines = tail.last_lines();
  co_return result;
}

}  // namespace errand::detail
