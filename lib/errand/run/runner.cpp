// SPDX-License-Identifier: Apache-2.0
#include "errand/run/runner.h"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "errand/run/detail/execution.h"
#include "errand/run/failure.h"

namespace errand {
namespace detail {

// ---- tasks that arrive as a stream

awaitable<RunEnded> Execution::run_stream(const Task& root, TaskSource& source) {
  begin(root, nullptr);
  TaskRun run(root);
  GroupRun& group = make_group(run, context_, no_limit_);
  ++group.remaining;
  auto feeding = [this, &group, &source](Context context) {
    return feed(group, source, std::move(context));
  };
  group.group.go("input", std::move(feeding));
  GroupVerdict verdict = co_await join(group);
  co_return co_await finish(root, std::move(verdict));
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

}  // namespace detail

unsigned resolve_jobs(const Jobs& jobs, unsigned processors) {
  switch (jobs.kind) {
    case Jobs::Kind::count:
      return jobs.value;
    case Jobs::Kind::percent:
      return std::max(1U, processors * jobs.value / 100);
    case Jobs::Kind::automatic:
      return std::max(1U, processors);
    case Jobs::Kind::unlimited:
      return 0;
  }
  return 0;
}

Runner::Runner(Executor& executor, OutputTarget& output, Observer& observer, RunOptions options)
    : executor_(executor), output_(output), observer_(observer), options_(std::move(options)) {}

awaitable<RunEnded> Runner::run(Context context, Context hurry, const Plan& plan) {
  detail::Execution run(executor_, output_, observer_, options_, std::move(context),
                        std::move(hurry));
  co_return co_await run.run(plan);
}

awaitable<RunEnded> Runner::run_stream(Context context, Context hurry, const Task& root,
                                       TaskSource& source) {
  detail::Execution run(executor_, output_, observer_, options_, std::move(context),
                        std::move(hurry));
  co_return co_await run.run_stream(root, source);
}

}  // namespace errand
