// SPDX-License-Identifier: Apache-2.0
//
// Group: children with one fate. They start in the group, and nobody leaves before all have ended.
// Go: golang.org/x/sync/errgroup. Differences: every failure is kept, misuse is refused and not a
// hang, waiting for a slot ends when the context does, exceptions are captured and joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "errand/base/error.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"

namespace errand {

enum class OnFailure : std::uint8_t { cancel_siblings, keep_going };

// What wait() returns: the first failure in time; all in the order of starting, without the
// cancellation errors that only echo another failure; nothing (a supervisor: look at the handles).
enum class Report : std::uint8_t { first, all, none };

enum class ChildState : std::uint8_t { queued, running, succeeded, failed, canceled, skipped };
std::string_view to_string(ChildState state);

// A child that did not succeed.
struct Failure {
  std::string name;
  std::size_t index = 0;  // in the order of go()
  Error error;            // without the name
  bool echo = false;      // a cancellation error after the group's context was done
  Error named() const;    // "NAME: ERROR", the error alone where the child has no name
};

// How one child is or has ended; `error` without the name.
struct Outcome {
  std::string name;
  ChildState state = ChildState::queued;
  Error error;
};

// Counts of children. Started ones include those that have ended; canceled ones those skipped in
// the line, without those of a go_wait() that has given up.
struct Progress {
  std::size_t started = 0, succeeded = 0, failed = 0, canceled = 0;
};

struct GroupOptions {
  std::string name;                  // for reports of what is alive
  std::optional<std::size_t> limit;  // most children at once; none = no limit, 0 = refuse all
  OnFailure on_failure = OnFailure::cancel_siblings;
  Report report = Report::first;
  // After each end of a child: true cancels the rest, with Stopped as the cause. Must not throw.
  std::function<bool(const Progress&)> stop_when;
  // Queued children of a cancelled group end as skipped. Otherwise they start with a done context.
  bool skip_queued_on_cancel = false;
  bool keep_outcomes = false;  // outcomes() costs memory for each child
  // failures() and Report::all have at most this many, the first in time; Progress counts all.
  std::size_t failures_max = std::numeric_limits<std::size_t>::max();
  std::optional<Duration> timeout;  // of the group's context, from the group's construction
  // Told of an exception the moment it is captured; the group still joins before it surfaces. Must
  // not throw.
  std::function<void(const Failure&)> on_exception;
};

extern const Error Stopped;      // "stopped by the group's rule"
extern const Error GroupClosed;  // "the group has been waited for"
extern const Error LimitIsZero;  // "the group's limit is 0"

// One scope of children. Not movable; belongs to the loop's thread. wait() must be awaited: a Group
// destroyed with live children stops the program and says which. with_group() (joiners.h) makes one
// and always waits. Starting and ending a child take constant time.
class Group {
  class Child;
  class ChildRef;

 public:
  explicit Group(Context parent, GroupOptions options = {});
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

  // How one child ended. Copyable; may outlive the group.
  class Handle;

  // Starts `start(context)`, an awaitable<Error>, on the loop's next turn, or queues it at the
  // limit. Never blocks. The group owns `start` (and so a lambda's captures) until the child has
  // ended. In a cancelled group the child starts with a done context. Refused, without running:
  // after wait() has returned (GroupClosed) and with limit 0 (LimitIsZero); the handle has the
  // error.
  template <class F>
  Handle go(std::string name, F start);
  // go(), but suspends until the child has its slot, in one line with the children that go()
  // queued. done_error() when the context ends first; then `start` never runs. None says that the
  // child has been started, not how it ends.
  template <class F>
  awaitable<Error> go_wait(std::string name, F start);
  // go() where there is a slot at once. False at the limit, while others queue, and where go()
  // refuses; `start` is then neither run nor moved from.
  template <class F>
  bool try_go(std::string name, F&& start);

  // No value: no limit. An error that names the number, and no change, while children are alive.
  Error set_limit(std::optional<std::size_t> limit);
  // Cancels the group's context; the first cause stands, an empty one counts as Canceled. Never
  // suspends.
  void cancel(Error cause = {});
  // Suspends until every child has ended, also those that children start meanwhile, and every
  // go_wait() has left the line; then the context is done, with the failure or Canceled as its
  // cause. A second call returns the same. The group adds no error of its own: children that return
  // none make it none.
  awaitable<Error> wait();

  // The children's context, a child of the parent given to the constructor.
  const Context& context() const { return context_; }
  // The failures so far, in the order of the ends. Valid until the next child ends.
  std::span<const Failure> failures() const { return failures_; }
  // All children in the order of go(); nothing without keep_outcomes.
  std::vector<Outcome> outcomes() const;
  Progress progress() const { return progress_; }
  // "GROUP/CHILD" for each child that has not ended, in the order of go().
  std::vector<std::string> live_children() const;

 private:
  friend class Runtime;
  template <class F>
  class ChildOf;
  struct Waiter;

  // First in, first out; keeps its children. Linked through them, so that a group without a line
  // allocates nothing for it.
  class SlotQueue {
   public:
    SlotQueue() = default;
    SlotQueue(const SlotQueue&) = delete;
    SlotQueue& operator=(const SlotQueue&) = delete;
    ~SlotQueue();
    bool empty() const { return first_ == nullptr; }
    void push_back(ChildRef child);
    ChildRef pop_front();

   private:
    Child* first_ = nullptr;
    Child* last_ = nullptr;
  };

  template <class F>
  ChildRef make_child(std::string name, F start);
  bool has_slot() const { return !options_.limit || active_ < *options_.limit; }
  Error refusal() const;
  Error result() const;
  void enroll(const ChildRef& child);
  void admit(const ChildRef& child);
  awaitable<Error> wait_for_slot(ChildRef child);
  void start(ChildRef child);
  void begin(ChildRef child);
  void ended(Child& child, std::exception_ptr exception, Error error) noexcept;
  void record_end(Child& child, Error error, ChildState state) noexcept;
  void leave(Child& child, Error error, ChildState state);
  void fill_slots();
  void wake_waiting();

  Group(std::pair<Context, CancelFn> scope, GroupOptions options);

  GroupOptions options_;
  Context context_;
  CancelFn cancel_;
  detail::LiveGroup registered_;
  std::optional<detail::CancelHook> skip_queued_;
  std::size_t active_ = 0;
  std::size_t next_index_ = 0;
  bool closed_ = false;
  Progress progress_;
  SlotQueue queued_;  // may hold some that have left it
  detail::List<Child> live_;
  std::vector<Failure> failures_;
  std::vector<Outcome> outcomes_;
  detail::List<Waiter> waiting_;
};

}  // namespace errand

#include "errand/concurrency/detail/group_impl.h"  // IWYU pragma: export
