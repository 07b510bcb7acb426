// SPDX-License-Identifier: Apache-2.0
//
// Job slots and locks: an attempt takes all that it needs at once, or waits and holds nothing, so
// that nobody waits in a circle. Those who wait are served in the order in which they came, as far
// as what they need is there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "errand/concurrency/detail/list.h"
#include "errand/concurrency/rate_limiter.h"
#include "errand/concurrency/runtime.h"
#include "errand/run/tokens.h"

namespace errand {

// One limit: of the run, or of a group inside it, which takes part in those around it too.
struct SlotLimit {
  SlotLimit* parent = nullptr;
  unsigned max = 0;                 // 0 = no limit
  std::vector<RateLimiter*> rates;  // each attempt takes one of each; borrowed
  unsigned used = 0;
  std::uint64_t full_in_search = 0;  // the search that found it too full for somebody
};

// A counting semaphore.
struct LockCount {
  unsigned count = 1;
  unsigned used = 0;
};

// What one attempt takes.
struct SlotClaim {
  SlotLimit* limit = nullptr;  // and those around it
  unsigned weight = 1;         // slots; more than a limit has counts as all of them
  std::vector<std::pair<LockCount*, unsigned>> locks;  // how many of each
  auto operator<=>(const SlotClaim&) const = default;
};

// Requests with equal claims, one behind the other.
struct SlotClass;

// Somebody who wants what a claim says. Holds it until release(); the destructor must find it idle.
class SlotRequest : public detail::Link {
 public:
  bool waiting() const { return linked(); }
  bool holds_slot() const { return holds_slot_; }
  // Told once all of it is there, also from inside acquire().
  virtual void granted() = 0;
  // False: it is about to be withdrawn, so that nothing is to be spent on it.
  virtual bool wanted() const { return true; }

 protected:
  ~SlotRequest() = default;

 private:
  friend class Slots;
  friend struct SlotClass;
  SlotClass* class_ = nullptr;
  std::uint64_t number_ = 0;  // in the order of arrival
  bool holds_slot_ = false;
  bool holds_locks_ = false;
};

struct SlotClass {
  const SlotClaim* claim = nullptr;
  detail::List<SlotRequest> waiting;
};

// What else may keep attempts from starting, all of them.
struct SlotGates {
  Tokens* tokens = nullptr;  // one for each attempt
  // True: start none now but the only one; asked again each second.
  std::function<bool()> held_back;
};

// Constant time for a request that need not wait; otherwise as long as there are different claims
// among those who wait, however many these are.
class Slots {
 public:
  static constexpr Duration kHeldBackTime = std::chrono::seconds(1);

  Slots(Runtime& runtime, SlotGates gates);
  ~Slots();

  void acquire(const SlotClaim& claim, SlotRequest& request);
  // Gives back the slot and keeps the locks.
  void release_slot(SlotRequest& request);
  // Gives back everything, or withdraws a request that waits. No effect on an idle one.
  void release(SlotRequest& request);
  // `limit` will not be used any more.
  void forget(SlotLimit& limit);

 private:
  enum class Availability : std::uint8_t { yes, no, none_for_any };
  void search();
  Availability availability_for(const SlotClaim& claim);
  bool rates_allow(const SlotClaim& claim);
  bool gates_open();
  void grant(SlotRequest& request);
  void enqueue(SlotRequest& request);
  void withdraw(SlotRequest& request);
  void wake_at(TimePoint at);

  Runtime& runtime_;
  SlotGates gates_;
  std::map<SlotClaim, SlotClass> classes_;
  std::map<std::uint64_t, SlotClass*> waiting_;  // by the number of their first request
  std::uint64_t arrivals_ = 0;
  std::uint64_t searches_ = 0;
  std::size_t running_ = 0;
  bool searching_ = false;
  bool search_again_ = false;
  TimePoint wakes_at_;
  Timer timer_;
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
