// SPDX-License-Identifier: Apache-2.0
//
// Tasks that arrive as a stream.
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "errand/events/failure.h"
#include "errand/run/execution.h"

namespace errand::detail {

awaitable<RunEnded> Execution::run_stream(const Task& root, TaskSource& source) {
  is_stream_ = true;
  begin(root, nullptr);
  TaskRun run(root);
  GroupRun& group = make_group(run, context_);
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
  bool at_end = false;
  while (!context.done() && !group.tally.halted) {
    Result<std::optional<Task>> next = co_await source.next(context);
    if (!next && !context.done()) failure = next.error();
    at_end = next && !*next;
    if (!next || at_end) break;
    co_await start_streamed(group, std::move(**next), context);
  }
  group.tally.cut = context.done() && !at_end;
  if (failure) {
    group.tally.input = failure;
    fail(group, failure);
  }
  coverage_.left_out = source.left_out();
  coverage_.empty_error = source.empty_error();
  child_finished(group);
  co_return failure;
}

// Suspends until the task has its slot, so that no more than one waits.
awaitable<void> Execution::start_streamed(GroupRun& group, Task task, Context context) {
  auto streamed = std::make_shared<StreamTask>(std::move(task));
  TaskRun& run = streamed->run;
  run.parent = &group;
  run.owner = streamed;
  ++group.remaining;
  emit(TaskReady{run.task});
  if (run.task->earlier_result || !run.task->excluded.empty()) {
    end_unstarted(run, TaskState::skipped, Error::text(run.task->excluded), true);
    run.owner.reset();
    constexpr std::size_t kAtOnce = 100;  // then timers and signals have their turn
    if (group.tally.excluded % kAtOnce == 0) {
      co_await asio::post(context.runtime().executor(), asio::use_awaitable);
    }
    co_return;
  }
  enqueue(run);
  if (run.phase == TaskRun::Phase::running) {
    co_await asio::post(context.runtime().executor(), asio::use_awaitable);  // let it begin
    co_return;
  }
  Parking parking(context.runtime());
  feeding_ = &parking;
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  while (run.not_started() && !context.done() && !group.tally.halted) co_await parking.park();
  feeding_ = nullptr;
  if (run.not_started()) {
    const Error cause = context.done() ? context.cause() : group.tally.halt;
    end_unstarted(run, TaskState::canceled, Error::text(cause_text(cause)));
  }
  if (run.phase == TaskRun::Phase::ended) run.owner.reset();
}

}  // namespace errand::detail
