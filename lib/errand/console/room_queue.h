// SPDX-License-Identifier: Apache-2.0
//
// RoomQueue: what happens to tasks whose output has to be kept when there is no room for it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>

#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "errand/io/spill.h"

namespace errand {

// A task that finds its SpillSpace full waits until another one frees some of it. If none can, the
// waiting task that holds the most gives way, so that a run never stands still.
class RoomQueue {
 public:
  // The output of one task, known to the queue as long as it lives.
  class Member {
   public:
    explicit Member(RoomQueue& queue);
    virtual ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    // False once it may write what it is given to somewhere else.
    virtual bool keeps_output() const = 0;
    // The bytes that are kept of it.
    virtual std::uint64_t held_bytes() const = 0;
    // Whether its end may let a waiting member go on. False for a service, which ends after them.
    virtual bool may_free_room() const = 0;
    // From now on it needs no room. Called while it waits.
    virtual void give_way() = 0;
    bool needs_room() const;

   private:
    friend class RoomQueue;
    RoomQueue& queue_;
    std::list<Member*>::iterator place_;
    Parking* waiting_ = nullptr;
  };

  // `is_being_freed` says whether room is on its way back without any member's doing.
  RoomQueue(SpillSpace& space, std::function<bool()> is_being_freed);
  ~RoomQueue();
  RoomQueue(const RoomQueue&) = delete;
  RoomQueue& operator=(const RoomQueue&) = delete;

  // Returns when the member needs no room any more, or there is some, or the context is done.
  // lint: outlives: the sink that writes the member's output awaits it.
  awaitable<void> wait(Member& member, Context context);
  // To be called when room may have been freed for good, or cannot be freed any more: an output has
  // ended.
  void check();
  // To be called when an output's turn has come.
  void wake_all();

 private:
  bool is_full() const { return space_.is_full(); }
  bool somebody_may_free_room();

  SpillSpace& space_;
  std::function<bool()> is_being_freed_;
  std::list<Member*> members_;
};

}  // namespace errand
