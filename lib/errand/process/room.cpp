// SPDX-License-Identifier: Apache-2.0
#include "errand/process/room.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace errand {

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

awaitable<void> Room::wait(Context context, Turn turn) {
  Parking parking(runtime_);
  const auto place = line_.insert(turn == Turn::again ? line_.begin() : line_.end(), &parking);
  detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  co_await parking.park();
  if (std::ranges::find(line_, &parking) != line_.end()) {
    line_.erase(place);
  } else if (context.done()) {
    made();  // it was meant for somebody who can use it
  }
}

void Room::made() {
  if (line_.empty()) return;
  Parking& first = *line_.front();
  line_.pop_front();
  first.wake();
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

}  // namespace errand
