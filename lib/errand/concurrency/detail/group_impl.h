// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/concurrency/group.h"

namespace errand {

// One allocation for each child: its name, its closure and what its handles read. Counted, not
// shared_ptr: all of it lives on one thread.
class Group::Child : public detail::Link {
 public:
  Child(Runtime& runtime, std::string child_name) : name(std::move(child_name)), end(runtime) {}
  virtual ~Child() = default;
  virtual awaitable<Error> begin(Context context) = 0;
  virtual void release() = 0;  // destroys the closure

  std::string name;
  std::size_t index = 0;
  Parking* turn = nullptr;       // of the go_wait() that waits for this child's slot
  Child* next_queued = nullptr;  // in the line for a slot
  ChildState state = ChildState::queued;
  Error error;
  Event end;
  unsigned references = 0;
};

class Group::ChildRef {
 public:
  ChildRef() = default;
  explicit ChildRef(Child* child) : child_(child) { ++child_->references; }
  // Takes over a reference that release() has left behind.
  static ChildRef adopt(Child* child) {
    ChildRef taken;
    taken.child_ = child;
    return taken;
  }
  Child* release() { return std::exchange(child_, nullptr); }
  ChildRef(const ChildRef& other) : child_(other.child_) {
    if (child_) ++child_->references;
  }
  ChildRef(ChildRef&& other) noexcept : child_(std::exchange(other.child_, nullptr)) {}
  ChildRef& operator=(ChildRef other) noexcept {
    std::swap(child_, other.child_);
    return *this;
  }
  ~ChildRef() {
    if (child_ && --child_->references == 0) delete child_;
  }
  Child* operator->() const { return child_; }
  Child& operator*() const { return *child_; }

 private:
  Child* child_ = nullptr;
};

template <class F>
class Group::ChildOf final : public Child {
 public:
  static_assert(std::is_invocable_r_v<awaitable<Error>, F&, Context>,
                "a child is a function (Context) -> awaitable<Error>");
  ChildOf(Runtime& runtime, std::string name, F start)
      : Child(runtime, std::move(name)), start_(std::move(start)) {}
  awaitable<Error> begin(Context context) override { return (*start_)(std::move(context)); }
  void release() override { start_.reset(); }

 private:
  std::optional<F> start_;
};

class Group::Handle {
 public:
  bool ended() const {
    return child_->state != ChildState::queued && child_->state != ChildState::running;
  }
  ChildState state() const { return child_->state; }
  // None until the child has ended; then its own error, without the name.
  Error error() const { return child_->error; }
  // Suspends until the child has ended and returns its error.
  awaitable<Error> wait() const { return wait_for(child_); }

 private:
  friend class Group;
  explicit Handle(ChildRef child) : child_(std::move(child)) {}
  static awaitable<Error> wait_for(ChildRef child) {  // the handle may be gone before this begins
    co_await child->end.wait();
    co_return child->error;
  }
  ChildRef child_;
};

template <class F>
Group::ChildRef Group::make_child(std::string name, F start) {
  return ChildRef(new ChildOf<F>(context_.runtime(), std::move(name), std::move(start)));
}

template <class F>
Group::Handle Group::go(std::string name, F start) {
  ChildRef child = make_child(std::move(name), std::move(start));
  admit(child);
  return Handle(std::move(child));
}

// A coroutine's parameters are moved into its frame, so the closure is safe there until it runs.
template <class F>
awaitable<Error> Group::go_wait(std::string name, F start) {
  return wait_for_slot(make_child(std::move(name), std::move(start)));
}

template <class F>
bool Group::try_go(std::string name, F&& start) {
  if (refusal() || !has_slot() || !queued_.empty()) return false;
  admit(make_child<std::decay_t<F>>(std::move(name), std::forward<F>(start)));
  return true;
}

}  // namespace errand
