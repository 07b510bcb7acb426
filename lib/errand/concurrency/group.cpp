// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/group.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "errand/concurrency/detail/inline_executor.h"

namespace errand {

const Error Stopped = Error::text("stopped by the group's rule");
const Error GroupClosed = Error::text("the group has been waited for");
const Error LimitIsZero = Error::text("the group's limit is 0");

std::string_view to_string(ChildState state) {
  switch (state) {
    case ChildState::queued:
      return "queued";
    case ChildState::running:
      return "running";
    case ChildState::succeeded:
      return "succeeded";
    case ChildState::failed:
      return "failed";
    case ChildState::canceled:
      return "canceled";
    case ChildState::skipped:
      return "skipped";
  }
  return "";
}

void Group::SlotQueue::push_back(ChildRef child) {
  Child* const last = child.release();
  (last_ ? last_->next_queued : first_) = last;
  last_ = last;
}

Group::ChildRef Group::SlotQueue::pop_front() {
  Child* const front = first_;
  first_ = std::exchange(front->next_queued, nullptr);
  if (!first_) last_ = nullptr;
  return ChildRef::adopt(front);
}

Group::SlotQueue::~SlotQueue() {
  while (!empty()) pop_front();
}

// A coroutine in wait().
struct Group::Waiter : detail::Link {
  Waiter(Runtime& runtime, detail::List<Waiter>& waiters) : parking(runtime) {
    waiters.push_back(*this);
  }
  ~Waiter() { unlink(); }
  Parking parking;
};

Error Failure::named() const { return name.empty() ? error : Error::wrap(name, error); }

Group::Group(Context parent, GroupOptions options)
    : Group(options.timeout ? with_timeout(parent, *options.timeout) : with_cancel(parent),
            std::move(options)) {}

Group::Group(std::pair<Context, CancelFn> scope, GroupOptions options)
    : options_(std::move(options)),
      context_(std::move(scope.first)),
      cancel_(std::move(scope.second)),
      registered_(*this) {
  context_.runtime().groups_.push_back(registered_);
  if (options_.skip_queued_on_cancel) skip_queued_.emplace(context_, [this] { fill_slots(); });
}

Group::~Group() {
  registered_.unlink();
  if (live_.empty()) return;
  std::string names;
  for (const std::string& name : live_children()) names += " " + name;
  std::fprintf(stderr, "errand: group '%s' destroyed with live children:%s\n",
               options_.name.c_str(), names.c_str());
  std::abort();  // going on would be a use after free
}

std::vector<std::string> Group::live_children() const {
  std::vector<std::string> names;
  live_.for_each([&](const Child& child) {
    names.push_back(options_.name.empty() ? child.name : options_.name + "/" + child.name);
  });
  return names;
}

std::vector<Outcome> Group::outcomes() const { return outcomes_; }

Error Group::refusal() const {
  if (closed_) return GroupClosed;
  if (options_.limit == 0) return LimitIsZero;
  return {};
}

void Group::enroll(const ChildRef& child) {
  child->index = next_index_++;
  live_.push_back(*child);
  ++context_.runtime().children_;
  if (options_.keep_outcomes) outcomes_.push_back({child->name, ChildState::queued, {}});
  queued_.push_back(child);
  fill_slots();
}

void Group::admit(const ChildRef& child) {
  if (Error refused = refusal()) {
    child->state = ChildState::skipped;
    child->error = std::move(refused);
    child->release();
    child->end.set();
    return;
  }
  enroll(child);
}

awaitable<Error> Group::wait_for_slot(ChildRef child) {
  if (Error refused = refusal()) co_return refused;
  if (context_.done()) co_return context_.done_error();
  Parking turn(context_.runtime());
  child->turn = &turn;
  enroll(child);
  if (child->state == ChildState::queued) {
    detail::CancelHook canceled(context_, [&turn] { turn.wake(); });
    co_await turn.park();
  }
  child->turn = nullptr;
  if (child->state != ChildState::queued) co_return Error();
  Error error = context_.done_error();
  leave(*child, error, ChildState::skipped);
  wake_waiting();
  co_return error;
}

void Group::fill_slots() {
  const bool skip = options_.skip_queued_on_cancel && context_.done();
  while (!queued_.empty() && (skip || has_slot())) {
    ChildRef child = queued_.pop_front();
    if (child->state != ChildState::queued) continue;  // its go_wait() has given up
    if (child->turn && context_.done()) continue;      // its go_wait() is about to
    if (skip) {
      record_end(*child, context_.done_error(), ChildState::skipped);
    } else {
      start(std::move(child));
    }
  }
  wake_waiting();
}

void Group::wake_waiting() {
  if (!live_.empty()) return;
  while (!waiting_.empty()) waiting_.pop_front().parking.wake();
}

void Group::start(ChildRef child) {
  ++active_;
  ++progress_.started;
  child->state = ChildState::running;
  if (options_.keep_outcomes) outcomes_[child->index].state = ChildState::running;
  if (child->turn) child->turn->wake();
  // Through the loop's queue: co_spawn() on the loop's thread would run the child up to its first
  // suspension inside go(), and children that start children would become a deep recursion.
  asio::post(context_.runtime().executor(),
             [this, child = std::move(child)]() mutable { begin(std::move(child)); });
}

void Group::begin(ChildRef child) {
  std::optional<awaitable<Error>> body;
  try {
    body.emplace(child->begin(context_));
  } catch (...) {  // the function itself threw before it returned a coroutine
    return ended(*child, std::current_exception(), {});
  }
  auto on_end = [this, child = std::move(child)](std::exception_ptr exception, Error error) {
    ended(*child, std::move(exception), std::move(error));
  };
  asio::co_spawn(context_.runtime().executor(), std::move(*body),
                 asio::bind_executor(detail::InlineExecutor(), std::move(on_end)));
}

void Group::ended(Child& child, std::exception_ptr exception, Error error) noexcept {
  if (exception) {
    error = Error::from_exception(exception);
    if (options_.on_exception) options_.on_exception({child.name, child.index, error, false});
  }
  --active_;
  record_end(child, std::move(error), ChildState::running);
  fill_slots();
}

// Takes note of how a child ended; `state` is running for one that ran, skipped for one that did
// not.
void Group::record_end(Child& child, Error error, ChildState state) noexcept {
  const bool echo = context_.done() && (error.is(Canceled) || error.is(DeadlineExceeded));
  if (state == ChildState::running) {
    state = !error ? ChildState::succeeded : echo ? ChildState::canceled : ChildState::failed;
  }
  ++(!error ? progress_.succeeded : echo ? progress_.canceled : progress_.failed);
  if (error && failures_.size() < options_.failures_max)
    failures_.push_back({child.name, child.index, error, echo});
  if (error && options_.on_failure == OnFailure::cancel_siblings) cancel_(error);
  leave(child, std::move(error), state);
  if (options_.stop_when && options_.stop_when(progress_)) cancel_(Stopped);
}

void Group::leave(Child& child, Error error, ChildState state) {
  child.unlink();
  child.release();
  child.state = state;
  child.error = std::move(error);
  if (options_.keep_outcomes) outcomes_[child.index] = {child.name, state, child.error};
  --context_.runtime().children_;
  child.end.set();
}

Error Group::set_limit(std::optional<std::size_t> limit) {
  if (!live_.empty()) {
    std::size_t alive = 0;
    live_.for_each([&](const Child&) { ++alive; });
    return Error::text("the limit cannot change while " + std::to_string(alive) +
                       " children of the group are alive");
  }
  options_.limit = limit;
  return {};
}

void Group::cancel(Error cause) { cancel_(std::move(cause)); }

awaitable<Error> Group::wait() {
  while (!closed_ && !live_.empty()) {
    Waiter waiter(context_.runtime(), waiting_);
    co_await waiter.parking.park();
  }
  closed_ = true;
  cancel_(failures_.empty() ? Error() : failures_.front().error);
  co_return result();
}

Error Group::result() const {
  if (failures_.empty() || options_.report == Report::none) return {};
  if (options_.report == Report::first) return failures_.front().named();
  std::vector<Failure> reported;
  std::copy_if(failures_.begin(), failures_.end(), std::back_inserter(reported),
               [](const Failure& failure) { return !failure.echo; });
  if (reported.empty()) reported = failures_;
  std::sort(reported.begin(), reported.end(),
            [](const Failure& a, const Failure& b) { return a.index < b.index; });
  std::vector<Error> errors;
  for (const Failure& failure : reported) errors.push_back(failure.named());
  return Aggregate::make(std::move(errors));
}

}  // namespace errand
