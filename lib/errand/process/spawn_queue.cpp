// SPDX-License-Identifier: Apache-2.0
#include "errand/process/spawn_queue.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace errand {
namespace {

// The first, then as long as all before.
Duration next_delay(Duration waited) {
  return std::min(std::max(Room::kFirstDelay, waited), Room::kPatience - waited);
}

}  // namespace

bool Room::is_lack(int number) {
  switch (number) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
    case ENOBUFS:
      return true;
    default:
      return false;
  }
}

void Room::end_came() {
  if (--expected_ends_ > 0) return made();
  // Nobody's end wakes them any more: each has to watch its own patience.
  while (!line_.empty()) made();
}

void Room::made() {
  if (line_.empty()) return;
  line_.extract(line_.begin()).mapped()->wake();
}

awaitable<void> Room::wait(Context context, Place place) {
  Parking parking(runtime_);
  struct Waiter {
    Room& room;
    Place place;
    ~Waiter() { room.line_.erase(place); }  // also with the loop
  };
  const Waiter waiter{*this, place};
  line_.emplace(place, &parking);
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  co_await parking.park();
  if (!line_.contains(place) && context.done()) made();  // for somebody who can use it
}

std::string Room::tell_once(int number) {
  if (std::exchange(told_, true)) return {};
  const std::string effect = ": fewer tasks run at once than may";
  switch (number) {
    case EMFILE:
      return "the limit of open files (ulimit -n) is reached" + effect;
    case ENFILE:
      return "the system's limit of open files is reached" + effect;
    case EAGAIN:
      return "the limit of processes (ulimit -u) is reached" + effect;
    default:
      return "memory is short" + effect;
  }
}

awaitable<bool> RoomTries::again(Context context, int number, Lack lack) {
  if (notice_.empty()) notice_ = room_.tell_once(number);
  if (lack == Lack::at_exec) {
    if (waited_for_exec_ >= Room::kPatience) co_return false;
    const Duration delay = next_delay(waited_for_exec_);
    waited_for_exec_ += delay;
    co_await context.sleep(delay);
    co_return true;
  }
  if (!place_) place_ = room_.next_place_++;
  if (room_.expected_ends_ > 0) {
    waited_ = {};
    co_await room_.wait(std::move(context), *place_);
    co_return true;
  }
  if (waited_ >= Room::kPatience) co_return false;
  const TimePoint before = room_.runtime_.now();
  const auto [limited, cancel] = with_timeout(context, next_delay(waited_));
  co_await room_.wait(limited, *place_);
  cancel();
  waited_ += room_.runtime_.now() - before;
  co_return true;
}

void RoomTries::over() {
  if (std::exchange(place_, std::nullopt)) room_.made();
}

}  // namespace errand
