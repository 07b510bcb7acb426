// SPDX-License-Identifier: Apache-2.0
//
// The two places where coroutines of this library suspend.
#pragma once

#include <functional>

#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/detail/list.h"
#include "errand/concurrency/runtime.h"

namespace errand {

// Where one coroutine parks until it is woken. Outlives it; loop's thread only.
class Parking {
 public:
  explicit Parking(Runtime& runtime) : runtime_(runtime) {}
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;
  // Suspends until wake(); returns at once when wake() came first. One coroutine at a time.
  awaitable<void> park();
  // The parked coroutine resumes through the loop's ready queue, never inside this call. Waking
  // twice is waking once.
  void wake();
  Runtime& runtime() const { return runtime_; }

 private:
  Runtime& runtime_;
  std::move_only_function<void()> resume_;
  bool woken_ = false;
};

// Happens once; any number of coroutines wait for it and resume in the order they came. Outlives
// them; loop's thread only.
class Event {
 public:
  explicit Event(Runtime& runtime) : runtime_(runtime) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  bool is_set() const { return set_; }
  // Never suspends; who waits resumes on a later turn of the loop. The second call does nothing.
  void set();
  // Suspends until set.
  awaitable<void> wait();
  // Suspends until set (none) or until the context is done (its done_error()); set wins a tie.
  awaitable<Error> wait(Context context);

 private:
  struct Waiter;
  Runtime& runtime_;
  detail::List<Waiter> waiters_;
  bool set_ = false;
};

}  // namespace errand
