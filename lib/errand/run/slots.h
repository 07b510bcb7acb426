// SPDX-License-Identifier: Apache-2.0
//
// Job slots: a group with a limit of its own takes part in its parents' limits too. First come,
// first served; each step costs the depth of nesting, however many wait.
#pragma once

#include <functional>
#include <set>

#include "errand/concurrency/detail/list.h"

namespace errand {

// One limit: of the run, or of a group inside it.
struct SlotLimit;

// Somebody who wants one slot of a limit and of all limits around it. Holds what it has been given
// until release(); the destructor must find it idle.
class SlotRequest : public detail::Link {
 public:
  bool waiting() const { return linked(); }
  bool granted() const { return granted_; }

 protected:
  ~SlotRequest() = default;

 private:
  friend class Slots;
  SlotLimit* limit_ = nullptr;  // where it began
  SlotLimit* at_ = nullptr;     // where it waits
  bool granted_ = false;
};

struct SlotLimit {
  SlotLimit* parent = nullptr;
  unsigned most = 0;  // 0 = no limit
  unsigned used = 0;
  detail::List<SlotRequest> waiting;
};

class Slots {
 public:
  // `on_grant` is called with each request that got its slot, also from inside acquire().
  explicit Slots(std::function<void(SlotRequest&)> on_grant) : on_grant_(std::move(on_grant)) {}
  void acquire(SlotLimit& limit, SlotRequest& request);
  // Gives back a granted slot, or withdraws a waiting request.
  void release(SlotRequest& request);

 private:
  void climb(SlotRequest& request, SlotLimit* from);
  void give_up(SlotLimit* from, const SlotLimit* to);
  void hand_over_between(SlotLimit* from, const SlotLimit* to);
  void hand_over(SlotLimit& limit);
  std::function<void(SlotRequest&)> on_grant_;
};

// The numbers that running attempts are known by: the smallest that is free, from 1.
class SlotNumbers {
 public:
  int take();
  void give_back(int number) { free_.insert(number); }

 private:
  std::set<int> free_;
  int last_ = 0;
};

}  // namespace errand
