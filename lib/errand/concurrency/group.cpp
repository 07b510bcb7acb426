// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/group.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <cstdio>
#include <cstdlib>

namespace errand {

const Error Stopped = Error::text("stopped by the group's rule");
const Error GroupClosed = Error::text("the group has been waited for");
const Error LimitIsZero = Error::text("the group's limit is 0");

std::string_view to_string(ChildState state) {
  switch (state) {
    case ChildState::queued: return "queued";
    case ChildState::running: return "running";
    case ChildState::succeeded: return "succeeded";
    case ChildState::failed: return "failed";
    case ChildState::canceled: return "canceled";
    case ChildState::skipped: return "skipped";
  }
  return "";
}

// A coroutine in go_wait() that has no slot yet.
struct Group::Turn : detail::Link {
  Turn(Runtime& runtime, ChildRef waiting) : child(std::move(waiting)), parking(runtime) {}
  ~Turn() { unlink(); }
  ChildRef child;
  Parking parking;
  bool started = false;
};

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
  child->group = this;
  child->index = next_index_++;
  live_.push_back(*child);
  ++context_.runtime().children_;
  if (options_.keep_outcomes) outcomes_.push_back({child->name, ChildState::queued, {}});
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
  queued_.push_back(child);
  fill_slots();
}

awaitable<Error> Group::wait_for_slot(ChildRef child) {
  if (Error refused = refusal()) co_return refused;
  if (context_.done()) co_return context_.done_error();
  if (has_slot() && queued_.empty() && turns_.empty()) {
    admit(child);
    co_return Error();
  }
  Turn turn(context_.runtime(), std::move(child));
  turns_.push_back(turn);
  detail::CancelHook canceled(context_, [&turn] { turn.parking.wake(); });
  co_await turn.parking.park();
  co_return turn.started ? Error() : context_.done_error();
}

void Group::fill_slots() {
  const bool skip = options_.skip_queued_on_cancel && context_.done();
  while (!queued_.empty() && (skip || has_slot())) {
    ChildRef child = std::move(queued_.front());
    queued_.pop_front();
    if (skip) {
      child->unlink();
      settle(*child, context_.done_error(), ChildState::skipped);
    } else {
      start(std::move(child));
    }
  }
  while (!turns_.empty() && queued_.empty() && has_slot() && !context_.done()) {
    Turn& turn = turns_.pop_front();
    turn.started = true;
    enroll(turn.child);
    start(std::move(turn.child));
    turn.parking.wake();
  }
  if (!live_.empty()) return;
  for (Parking* parking : waiting_) parking->wake();
}

void Group::start(ChildRef child) {
  ++active_;
  ++progress_.started;
  child->state = ChildState::running;
  if (options_.keep_outcomes) outcomes_[child->index].state = ChildState::running;
  Child& starting = *child;
  // Moved, not copied: the coroutine's frame then owns nothing of the child, and the child's end is
  // this handler.
  auto on_end = [this, child = std::move(child)](std::exception_ptr exception, Error error) {
    ended(child, std::move(exception), std::move(error));
  };
  try {
    asio::co_spawn(context_.runtime().executor(), starting.begin(context_), std::move(on_end));
  } catch (...) {
    // The function itself threw before it returned a coroutine.
    on_end(std::current_exception(), {});
  }
}

void Group::ended(const ChildRef& child, std::exception_ptr exception, Error error) {
  if (exception) {
    error = Error::from_exception(exception);
    if (options_.on_exception) options_.on_exception({child->name, child->index, error, false});
  }
  child->unlink();
  child->release();
  settle(*child, std::move(error), ChildState::running);
  --active_;
  fill_slots();
}

// Records an end; `state` is running for a child that ran, skipped for one that did not.
void Group::settle(Child& child, Error error, ChildState state) {
  const bool echo = context_.done() && (error.is(Canceled) || error.is(DeadlineExceeded));
  if (state == ChildState::running) {
    state = !error ? ChildState::succeeded : echo ? ChildState::canceled : ChildState::failed;
  }
  child.state = state;
  child.error = error;
  ++(!error ? progress_.succeeded : echo ? progress_.canceled : progress_.failed);
  if (options_.keep_outcomes) outcomes_[child.index] = {child.name, state, error};
  if (error) failures_.push_back({child.name, child.index, error, echo});
  --context_.runtime().children_;
  if (error && !echo && options_.on_failure == OnFailure::cancel_siblings) cancel_(error);
  if (options_.stop_when && options_.stop_when(progress_)) cancel_(Stopped);
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
    Parking parking(context_.runtime());
    waiting_.push_back(&parking);
    co_await parking.park();
    std::erase(waiting_, &parking);
  }
  closed_ = true;
  skip_queued_.reset();
  cancel_(failures_.empty() ? Error() : failures_.front().error);
  co_return result();
}

Error Group::result() const {
  if (failures_.empty() || options_.report == Report::none) return {};
  const auto named = [](const Failure& failure) {
    return failure.name.empty() ? failure.error : Error::wrap(failure.name, failure.error);
  };
  if (options_.report == Report::first) return named(failures_.front());
  std::vector<Failure> told;
  std::copy_if(failures_.begin(), failures_.end(), std::back_inserter(told),
               [](const Failure& failure) { return !failure.echo; });
  if (told.empty()) told = failures_;
  std::sort(told.begin(), told.end(),
            [](const Failure& a, const Failure& b) { return a.index < b.index; });
  std::vector<Error> errors;
  for (const Failure& failure : told) errors.push_back(named(failure));
  return Aggregate::make(std::move(errors));
}

}  // namespace errand
