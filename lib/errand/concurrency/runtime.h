// SPDX-License-Identifier: Apache-2.0
//
// The loop's side of the library: where coroutines run, what time it is, and what is alive.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "errand/base/error.h"
#include "errand/base/time.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/detail/list.h"

namespace errand {

class Group;
class Runtime;

// Which of several timers due in the same instant goes first: the end of work beats a deadline, and
// a deadline beats a decision to start more work (hedges, retries).
enum class TimerClass : std::uint8_t { work, deadline, policy };

namespace detail {

struct ContextNode;
class CancelHook;

class TimerNode {
 public:
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  bool armed() const { return armed_; }

 protected:
  ~TimerNode() = default;

 private:
  friend class errand::Runtime;
  // Called once on the loop's thread with the runtime's lock held; may release it for the call.
  virtual void expire(std::unique_lock<std::mutex>& lock) = 0;
  std::tuple<TimePoint, TimerClass, std::uint64_t> key_;
  bool armed_ = false;
};

struct LiveGroup : Link {
  explicit LiveGroup(const Group& owner) : group(owner) {}
  const Group& group;
};

}  // namespace detail

// Belongs to one event loop. Contexts may be cancelled from any thread; everything else belongs to
// the loop's thread. Outlives its contexts, groups and timers, and must not be destroyed while its
// loop still holds work of theirs.
class Runtime {
 public:
  // Real time. One timer of the loop is armed for the nearest expiry, however many there are.
  explicit Runtime(asio::any_io_executor executor);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime();

  const asio::any_io_executor& executor() const { return executor_; }
  // The time of all timers and deadlines of this loop. It goes on with the steady clock, but for
  // what skip() has left out.
  virtual TimePoint now() const;
  // The last `gap` of real time has not passed: every timer and deadline is as far away as it was
  // before it. For a program that was stopped (Ctrl-Z). Loop's thread only.
  void skip(Duration gap);

  // What is alive; all zero when every scope has been left.
  struct Counts {
    std::size_t children = 0;       // coroutines in groups, queued ones included
    std::size_t timers = 0;         // armed
    std::size_t registrations = 0;  // contexts and callbacks that a parent context knows
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  Counts counts() const;
  // "GROUP/CHILD" for each child that has not ended, oldest group first.
  std::vector<std::string> live_children() const;
  // The clock, the alarm, the timers and the live children as lines of text, for a report about a
  // program that hangs. Loop's thread only. Never waits for a lock, so that a program which is
  // about to abort may call it in a signal handler.
  std::string describe() const;

 protected:
  // The instant of the nearest timer changed; `nearest` is TimePoint::max() when none is left.
  virtual void arm(TimePoint nearest);
  // Fires the timers of the first due instant and class, in the order they were set. False: none
  // due.
  bool fire_due();
  TimePoint next_expiry() const;
  // For a runtime that keeps time itself.
  struct OwnTime {};
  Runtime(asio::any_io_executor executor, OwnTime);

 private:
  friend class Context;
  friend class Group;
  friend class Timer;
  friend struct detail::ContextNode;
  friend class detail::CancelHook;

  // _locked: the caller holds mutex_.
  void set_timer_locked(detail::TimerNode& timer, TimePoint at, TimerClass order);
  void cancel_timer_locked(detail::TimerNode& timer);
  void rearm_locked();
  TimePoint nearest_locked() const;
  Duration skipped() const;
  std::string describe_timers_locked() const;
  void fired_locked(detail::CancelHook& hook);
  void call_fired();
  void on_alarm();

  struct Alarm;
  asio::any_io_executor executor_;
  mutable std::mutex mutex_;  // guards every context of this runtime, timers_ and fired_
  std::map<std::tuple<TimePoint, TimerClass, std::uint64_t>, detail::TimerNode*> timers_;
  std::uint64_t timer_sequence_ = 0;
  TimePoint armed_for_ = TimePoint::max();
  std::atomic<Duration::rep> skipped_{0};
  detail::List<detail::CancelHook> fired_;
  std::size_t registrations_ = 0;
  std::size_t children_ = 0;
  detail::List<detail::LiveGroup> groups_;
  std::unique_ptr<Alarm> alarm_;
};

// Calls a function on the loop's thread when its time has come, once for each setting; the function
// may set it again, and what it throws comes out of the loop's run(). The destructor cancels.
// Loop's thread only; setting and cancelling take logarithmic time.
class Timer final : detail::TimerNode {
 public:
  Timer(Runtime& runtime, std::function<void()> on_expiry, TimerClass order = TimerClass::work);
  ~Timer();
  // Replaces an earlier setting. An instant that has passed fires on the loop's next turn,
  // TimePoint::max() never fires and does not keep the loop running.
  void set(TimePoint at);
  void set_after(Duration delay) { set(saturating_add(runtime_.now(), delay)); }
  // The second call does nothing.
  void cancel();
  bool armed() const { return TimerNode::armed(); }

 private:
  void expire(std::unique_lock<std::mutex>& lock) override;
  Runtime& runtime_;
  std::function<void()> on_expiry_;
  TimerClass order_;
};

}  // namespace errand
