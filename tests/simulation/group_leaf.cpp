// SPDX-License-Identifier: Apache-2.0
#include "simulation/group_leaf.h"

#include <algorithm>
#include <utility>

#include "errand/concurrency/hedge.h"
#include "errand/concurrency/joiners.h"
#include "errand/concurrency/retry.h"
#include "simulation/attempts.h"

namespace errand::simulation {

awaitable<Error> GroupLeaves::run(GroupWatch& watch, ChildWatch& child, const Node& node,
                                  Context context) {
  const Error error = co_await work(watch, child, node, context);
  const bool interrupted = bool(error);
  if (interrupted && node.lingers > Duration::zero()) {
    const Context undisturbed = without_cancel(context);
    co_await undisturbed.sleep(node.lingers);
  }
  if (interrupted && node.lingers == Duration::zero()) co_return error;
  switch (node.end) {
    case End::succeed:
    case End::raise:
    case End::raise_at_once:
      co_return interrupted ? error : Error();
    case End::fail:  // those who linger have errors of their own, also after their context's end
      co_return Error::text(child.name + ": failed");
    case End::pretend:
      co_return Error::wrap(child.name, Canceled);
  }
}

awaitable<Error> GroupLeaves::work(GroupWatch& watch, ChildWatch& child, const Node& node,
                                   Context context) {
  switch (node.work) {
    case Work::follow:
      return follow(watch, child, node, std::move(context));
    case Work::semaphore:
      return share(watch.fate, child, node, std::move(context));
    case Work::retry:
      return try_often(child, node, std::move(context));
    case Work::hedge:
      return hedged(child, node, std::move(context));
    case Work::all:
      return all_of(child, node, std::move(context));
    case Work::any:
      return any_of(child, node, std::move(context));
    case Work::sleep:
    case Work::group:
      break;
  }
  return sleep(watch.fate, child, node, std::move(context));
}

awaitable<Error> GroupLeaves::sleep(const Fate& fate, ChildWatch& child, const Node& node,
                                    Context context) {
  const TimePoint began = runtime_.now();
  const bool done_before = fate.done;
  const Error interrupted = co_await context.sleep(node.takes);
  const TimePoint now = runtime_.now();
  if (interrupted) {
    expect(fate.explains(interrupted), "a sleep ended early without a reason", child);
    const bool tie = !done_before && node.takes > Duration::zero() && now == began + node.takes;
    expect(!tie, "a sleep that took its time was interrupted", child);
    expect(now == (done_before ? began : fate.at), "a sleep did not end with its context", child);
  } else {
    expect(now == began + node.takes, "a sleep did not take its time", child);
    expect(!done_before && (!fate.done || fate.at == now), "a sleep outlived its context", child);
  }
  co_return interrupted;
}

// After the end of the sibling that was started last before this one.
awaitable<Error> GroupLeaves::follow(GroupWatch& watch, ChildWatch& child, const Node& node,
                                     Context context) {
  if (const ChildWatch* before = watch.handled_before(child)) {
    const Error error = co_await before->handle->wait();
    expect(before->handle->ended() && (!before->begun || before->ended),
           "a handle's wait() returned before its child's end", child);
    expect(error == before->handle->error(), "a handle has two errors", child);
  }
  co_return co_await sleep(watch.fate, child, node, std::move(context));
}

awaitable<Error> GroupLeaves::share(const Fate& fate, ChildWatch& child, const Node& node,
                                    Context context) {
  const TimePoint asked = runtime_.now();
  const auto weight = static_cast<std::int64_t>(node.weight);
  // The impatient ask under a context of their own, so that they leave while others stay.
  const bool impatient = node.spoilt % 2 == 1;
  const Duration acquire_timeout = std::chrono::seconds(1);
  const Context asking = impatient ? with_timeout(context, acquire_timeout).first : context;
  Ticket ticket{asking, weight};
  waiting_.push_back(&ticket);
  Result<Permit> permit = co_await semaphore_.acquire(asking, weight);
  const auto place = std::ranges::find(waiting_, &ticket);
  if (permit)
    std::for_each(waiting_.begin(), place, [](Ticket* other) { other->overtaken = true; });
  waiting_.erase(place);
  if (!permit) {
    const bool refused = weight > kCapacity;
    const bool timed_out = impatient && runtime_.now() == asked + acquire_timeout;
    if (timed_out) co_return permit.error();
    expect(refused || fate.explains(permit.error()), "acquire() failed without a reason", child);
    const bool in_time =
        runtime_.now() == (fate.done && !refused ? std::max(asked, fate.at) : asked);
    expect(in_time, "acquire() did not end with its context", child);
    co_return permit.error();
  }
  held_ += weight;
  expect(held_ <= kCapacity, "more permits than the capacity", child);
  const Error interrupted = co_await sleep(fate, child, node, std::move(context));
  held_ -= weight;
  co_return interrupted;
}

void GroupLeaves::check_settled() const {
  if (waiting_.empty()) return;
  // Whoever has got a permit in this instant, and resumed later than another, is gone by now.
  trace_.expect(std::ranges::none_of(waiting_, &Ticket::overtaken),
                "somebody came first who had asked later", "semaphore");
  const Ticket& head = *waiting_.front();
  trace_.expect(!head.context.done() && head.weight > kCapacity - held_,
                "somebody waits for a permit that is free, or that nobody wants", "semaphore");
}

void GroupLeaves::check_end() const {
  trace_.expect(semaphore_.available() == kCapacity, "permits are lost", "semaphore");
}

awaitable<Error> GroupLeaves::try_often(ChildWatch& child, const Node& node, Context context) {
  Attempts attempts(trace_, node, child.name);
  RetryOptions options;
  options.backoff.initial = std::chrono::seconds(1);
  options.backoff.jitter = Jitter::none;
  options.backoff.growth = Growth::linear;
  auto attempt = [&attempts](Context c, int index) { return attempts.run(std::move(c), index); };
  const Result<int> value = co_await retry(context, std::move(options), std::move(attempt));
  const Error error = value ? Error() : value.error();
  attempts.check_joined(error, context);
  expect(attempts.most_at_once <= 1 && attempts.started <= 3, "too many attempts of a retry",
         child);
  expect(attempts.started_late == 0, "a retry began after its context's end", child);
  expect(value.has_value() == (attempts.values > 0), "a retry lost a value", child);
  if (error && !context.done() && !error.is(DeadlineExceeded)) {
    expect(error.is(RetriesExceeded) && attempts.started == 3, "a retry gave up early", child);
  }
  co_return error;
}

awaitable<Error> GroupLeaves::hedged(ChildWatch& child, const Node& node, Context context) {
  Attempts attempts(trace_, node, child.name);
  HedgeOptions<int> options;
  options.max_attempts = 3;
  options.delay = std::chrono::seconds(1);
  auto attempt = [&attempts](Context c, int index) { return attempts.run(std::move(c), index); };
  const Result<int> value = co_await hedge<int>(context, std::move(options), std::move(attempt));
  const Error error = value ? Error() : value.error();
  attempts.check_joined(error, context);
  expect(attempts.started <= 3, "too many attempts of a hedge", child);
  expect(!value || attempts.values > 0, "a hedge has a value that no attempt returned", child);
  expect(value || attempts.values == 0 || context.done(), "a hedge lost a value", child);
  if (value) attempts.check_losers_canceled();
  co_return error;
}

awaitable<Error> GroupLeaves::all_of(ChildWatch& child, const Node& node, Context context) {
  Attempts attempts(trace_, node, child.name);
  GroupOptions options;
  options.limit = 2;
  Fns<int> functions;
  for (int index = 0; index < 3; ++index) {
    functions.push_back(
        [&attempts, index](Context c) { return attempts.run(std::move(c), index); });
  }
  const auto values = co_await all<int>(context, std::move(functions), std::move(options));
  const Error error = values ? Error() : values.error();
  attempts.check_joined(error, context);
  expect(attempts.most_at_once <= 2, "all() went beyond its limit", child);
  expect(values.has_value() == (attempts.values == 3), "all() lost values or made them up", child);
  expect(!values || *values == std::vector{0, 1, 2}, "all() mixed up its values", child);
  co_return error;
}

awaitable<Error> GroupLeaves::any_of(ChildWatch& child, const Node& node, Context context) {
  Attempts attempts(trace_, node, child.name);
  GroupOptions options;
  options.limit = 2;
  Fns<int> functions;
  for (int index = 0; index < 3; ++index) {
    functions.push_back(
        [&attempts, index](Context c) { return attempts.run(std::move(c), index); });
  }
  const Result<int> value = co_await any<int>(context, std::move(functions), std::move(options));
  const Error error = value ? Error() : value.error();
  attempts.check_joined(error, context);
  expect(attempts.most_at_once <= 2, "any() went beyond its limit", child);
  expect(value.has_value() == (attempts.values > 0), "any() lost a value or made it up", child);
  if (value) attempts.check_losers_canceled();
  co_return error;
}

}  // namespace errand::simulation
