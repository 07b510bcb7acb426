// SPDX-License-Identifier: Apache-2.0
#include "errand/console/room_queue.h"

#include <utility>

namespace errand {

RoomQueue::Member::Member(RoomQueue& queue)
    : queue_(queue), place_(queue.members_.insert(queue.members_.end(), this)) {}

RoomQueue::Member::~Member() { queue_.members_.erase(place_); }

bool RoomQueue::Member::needs_room() const { return queue_.is_full() && keeps_output(); }

RoomQueue::RoomQueue(SpillSpace& space, std::function<bool()> is_being_freed)
    : space_(space), is_being_freed_(std::move(is_being_freed)) {
  space_.on_room([this] { wake_all(); });
}

RoomQueue::~RoomQueue() { space_.on_room(nullptr); }

// lint: outlives: see the declaration.
awaitable<void> RoomQueue::wait(Member& member, Context context) {
  Parking parking(context.runtime());
  const detail::CancelHook canceled(context, [&parking] { parking.wake(); });
  member.waiting_ = &parking;
  for (check(); member.needs_room() && !context.done(); check()) co_await parking.park();
  member.waiting_ = nullptr;
}

bool RoomQueue::somebody_may_free_room() {
  for (const Member* member : members_) {
    const bool waits = member->waiting_ && member->needs_room();
    if (!waits && member->may_free_room()) return true;
  }
  return false;
}

void RoomQueue::check() {
  if (!is_full()) return;
  Member* largest = nullptr;
  for (Member* const member : members_) {
    if (!member->waiting_ || !member->needs_room()) continue;
    if (!largest || member->held_bytes() > largest->held_bytes()) largest = member;
  }
  if (!largest || is_being_freed_() || somebody_may_free_room()) return;
  largest->give_way();
  largest->waiting_->wake();
}

void RoomQueue::wake_all() {
  for (const Member* member : members_) {
    if (member->waiting_) member->waiting_->wake();
  }
}

}  // namespace errand
