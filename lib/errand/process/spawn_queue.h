// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"

namespace errand {

// What the system may have no room for: descriptors, processes, memory. Whoever finds none waits in
// line until a process of ours has ended; whoever has found room lets the next one try, so that a
// wait costs one failed try for each process that ends. The line is for those who could not start a
// process; where execve finds no room the process has been started, and its end means nothing.
// Loop's thread only.
class SpawnQueue {
 public:
  // While no process of ours is to end: the first wait, doubled each time, and how long
  // altogether.
  static constexpr Duration kFirstDelay = std::chrono::milliseconds(10);
  static constexpr Duration kRetryTimeout = std::chrono::seconds(5);

  explicit SpawnQueue(Runtime& runtime) : runtime_(runtime) {}

  // Is `number`, an errno value, one of those that pass?
  static bool is_resource_exhaustion(int number);

  // A process is to end: one that does so by itself, or any other that has been told to; a service
  // may end only when those who wait here have run.
  void expect_exit() { ++expected_exits_; }
  // It is gone.
  void process_exited();
  // Something else has ended: lets the first in line try.
  void wake_next();

 private:
  friend class SpawnRetry;
  using Ticket = std::uint64_t;
  awaitable<void> wait(Context context, Ticket ticket);
  std::string notice_once(int number);

  Runtime& runtime_;
  std::map<Ticket, Parking*> waiting_;
  Ticket next_ticket_ = 0;
  std::size_t expected_exits_ = 0;
  bool notice_given_ = false;
};

// The tries of one process to start. Keeps its place in the line until one of them does.
class SpawnRetry {
 public:
  explicit SpawnRetry(SpawnQueue& queue) : queue_(queue) {}

  enum class FailedAt : std::uint8_t { start, exec };
  // After a try that failed with `number`, an errno value for which
  // SpawnQueue::is_resource_exhaustion(): waits. True: it is worth another try. False: for
  // SpawnQueue::kRetryTimeout nothing was to end, or execve has found no room. Returns early when
  // the context is done.
  awaitable<bool> wait_to_retry(Context context, int number, FailedAt failed_at);
  // A process has been started, or there will be no more tries.
  void finish();
  // What to tell the user of it; empty for all but the first one that ever waited.
  std::string take_notice() { return std::move(notice_); }

 private:
  SpawnQueue& queue_;
  std::string notice_;
  std::optional<SpawnQueue::Ticket> ticket_;
  Duration waited_{};  // since something was to end
  Duration waited_for_exec_{};
};

}  // namespace errand
