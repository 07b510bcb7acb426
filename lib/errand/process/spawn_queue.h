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
class Room {
 public:
  // While no process of ours is to end: the first wait, doubled each time, and how long
  // altogether.
  static constexpr Duration kFirstDelay = std::chrono::milliseconds(10);
  static constexpr Duration kPatience = std::chrono::seconds(5);

  explicit Room(Runtime& runtime) : runtime_(runtime) {}

  // Is `number`, an errno value, one of those that pass?
  static bool is_lack(int number);

  // A process is to end: one that does so by itself, or any other that has been told to; a service
  // may end only when those who wait here have run.
  void expect_end() { ++expected_ends_; }
  // It is gone.
  void end_came();
  // Something else has ended: lets the first in line try.
  void made();

 private:
  friend class RoomTries;
  using Place = std::uint64_t;
  awaitable<void> wait(Context context, Place place);
  std::string tell_once(int number);

  Runtime& runtime_;
  std::map<Place, Parking*> line_;
  Place next_place_ = 0;
  std::size_t expected_ends_ = 0;
  bool told_ = false;
};

// The tries of one process to start. Keeps its place in the line until one of them does.
class RoomTries {
 public:
  explicit RoomTries(Room& room) : room_(room) {}

  enum class Lack : std::uint8_t { at_start, at_exec };
  // After a try that failed with `number`, an errno value for which Room::is_lack(): waits. True:
  // it is worth another try. False: for Room::kPatience nothing was to end, or execve has found no
  // room. Returns early when the context is done.
  awaitable<bool> again(Context context, int number, Lack lack);
  // A process has been started, or there will be no more tries.
  void over();
  // What to tell the user of it; empty for all but the first one that ever waited.
  std::string take_notice() { return std::move(notice_); }

 private:
  Room& room_;
  std::string notice_;
  std::optional<Room::Place> place_;
  Duration waited_{};  // since something was to end
  Duration waited_for_exec_{};
};

}  // namespace errand
