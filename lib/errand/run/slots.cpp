// SPDX-License-Identifier: Apache-2.0
#include "errand/run/slots.h"

namespace errand {

void Slots::acquire(SlotLimit& limit, SlotRequest& request) {
  request.limit_ = &limit;
  climb(request, &limit);
}

// Takes one of each limit on the way to the root, and waits, keeping the inner ones, where one is
// full. Everybody climbs in the same direction, so nobody waits in a circle.
void Slots::climb(SlotRequest& request, SlotLimit* from) {
  for (SlotLimit* limit = from; limit; limit = limit->parent) {
    if (limit->most != 0 && limit->used >= limit->most) {
      request.at_ = limit;
      limit->waiting.push_back(request);
      return;
    }
    ++limit->used;
  }
  request.granted_ = true;
  on_grant_(request);
}

void Slots::release(SlotRequest& request) {
  const SlotLimit* end = nullptr;
  if (request.waiting()) {
    end = request.at_;
    request.unlink();
  } else if (!request.granted_) {
    return;
  }
  request.granted_ = false;
  give_up(request.limit_, end);
}

void Slots::give_up(SlotLimit* from, const SlotLimit* to) {
  for (SlotLimit* limit = from; limit != to; limit = limit->parent) --limit->used;
  hand_over_between(from, to);
}

// Outermost first, so that those who have waited longest and hold the most go first. As deep as
// groups are nested.
void Slots::hand_over_between(SlotLimit* from, const SlotLimit* to) {
  if (from == to) return;
  hand_over_between(from->parent, to);
  hand_over(*from);
}

void Slots::hand_over(SlotLimit& limit) {
  while (!limit.waiting.empty() && (limit.most == 0 || limit.used < limit.most)) {
    SlotRequest& next = limit.waiting.pop_front();
    ++limit.used;
    climb(next, limit.parent);
  }
}

int SlotNumbers::take() {
  if (free_.empty()) return ++last_;
  const int number = *free_.begin();
  free_.erase(free_.begin());
  return number;
}

}  // namespace errand
