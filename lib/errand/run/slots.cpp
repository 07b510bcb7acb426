// SPDX-License-Identifier: Apache-2.0
#include "errand/run/slots.h"

#include <algorithm>

namespace errand {
namespace {

unsigned share_of(const SlotLimit& limit, unsigned weight) {
  return limit.max == 0 ? weight : std::min(weight, limit.max);
}

constexpr double kWholeToken = 1 - 1e-9;

}  // namespace

Slots::Slots(Runtime& runtime, SlotGates gates)
    : runtime_(runtime), gates_(std::move(gates)), timer_(runtime, [this] { search(); }) {}

Slots::~Slots() {
  if (gates_.tokens) gates_.tokens->when_available({});
}

void Slots::acquire(const SlotClaim& claim, SlotRequest& request) {
  const auto at = classes_.try_emplace(claim).first;
  at->second.claim = &at->first;
  request.class_ = &at->second;
  request.number_ = ++arrivals_;
  if (waiting_.empty() && !searching_) {
    ++searches_;
    if (availability_for(claim) == Availability::yes && gates_open()) return grant(request);
    return enqueue(request);
  }
  const bool first_of_its_kind = at->second.waiting.empty();
  enqueue(request);
  if (first_of_its_kind) search();
}

// Oldest first. Who finds a limit too full keeps younger ones from what is left of it, or a heavy
// attempt would never start; locks are not kept, or one that waits for two would idle the other.
void Slots::search() {
  search_again_ = true;
  if (searching_) return;
  searching_ = true;
  while (std::exchange(search_again_, false)) {
    ++searches_;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      const std::uint64_t number = at->first;
      SlotClass& next = *at->second;
      const bool wanted = next.waiting.front().wanted();
      const Availability availability = wanted ? availability_for(*next.claim) : Availability::no;
      if (availability == Availability::none_for_any) break;
      if (availability == Availability::yes) {
        if (!gates_open()) break;
        SlotRequest& request = next.waiting.front();
        withdraw(request);
        grant(request);
      }
      at = waiting_.upper_bound(number);
    }
  }
  searching_ = false;
}

Slots::Availability Slots::availability_for(const SlotClaim& claim) {
  for (const auto& [lock, count] : claim.locks) {
    if (lock->used + count > lock->count) return Availability::no;
  }
  for (SlotLimit* limit = claim.limit; limit; limit = limit->parent) {
    const bool full = limit->max != 0 && limit->used + share_of(*limit, claim.weight) > limit->max;
    if (full) limit->full_in_search = searches_;
    if (limit->full_in_search == searches_)
      return limit->parent ? Availability::no : Availability::none_for_any;
  }
  return rates_allow(claim) ? Availability::yes : Availability::no;
}

bool Slots::rates_allow(const SlotClaim& claim) {
  for (SlotLimit* limit = claim.limit; limit; limit = limit->parent) {
    for (RateLimiter* rate : limit->rates) {
      if (rate->tokens() >= kWholeToken) continue;
      Reservation turn = rate->reserve();
      if (turn.ok()) wake_at(turn.time_to_act());
      turn.cancel();
      return false;
    }
  }
  return true;
}

bool Slots::gates_open() {
  if (running_ > 0 && gates_.held_back && gates_.held_back()) {
    wake_at(saturating_add(runtime_.now(), kHeldBackTime));
    return false;
  }
  if (!gates_.tokens || gates_.tokens->try_take()) return true;
  gates_.tokens->when_available([this] { search(); });
  return false;
}

void Slots::grant(SlotRequest& request) {
  const SlotClaim& claim = *request.class_->claim;
  for (SlotLimit* limit = claim.limit; limit; limit = limit->parent) {
    limit->used += share_of(*limit, claim.weight);
    for (RateLimiter* rate : limit->rates)
      (void)rate->reserve();  // the next must wait for its turn
  }
  for (const auto& [lock, count] : claim.locks) lock->used += count;
  request.holds_slot_ = true;
  request.holds_locks_ = true;
  ++running_;
  request.granted();
}

void Slots::enqueue(SlotRequest& request) {
  SlotClass& kind = *request.class_;
  if (kind.waiting.empty()) waiting_.emplace(request.number_, &kind);
  kind.waiting.push_back(request);
}

void Slots::withdraw(SlotRequest& request) {
  SlotClass& kind = *request.class_;
  const bool was_first = &kind.waiting.front() == &request;
  request.unlink();
  if (!was_first) return;
  waiting_.erase(request.number_);
  if (!kind.waiting.empty()) waiting_.emplace(kind.waiting.front().number_, &kind);
}

void Slots::release_slot(SlotRequest& request) {
  if (!request.holds_slot_) return;
  request.holds_slot_ = false;
  const SlotClaim& claim = *request.class_->claim;
  for (SlotLimit* limit = claim.limit; limit; limit = limit->parent) {
    limit->used -= share_of(*limit, claim.weight);
  }
  --running_;
  if (gates_.tokens) gates_.tokens->give_back();
  if (!waiting_.empty()) search();
}

void Slots::release(SlotRequest& request) {
  if (request.waiting()) {
    withdraw(request);
    if (!waiting_.empty()) search();  // it may have kept others waiting
    return;
  }
  if (std::exchange(request.holds_locks_, false)) {
    for (const auto& [lock, count] : request.class_->claim->locks) lock->used -= count;
    if (!request.holds_slot_ && !waiting_.empty()) search();
  }
  release_slot(request);
}

void Slots::forget(SlotLimit& limit) {
  auto at = classes_.lower_bound(SlotClaim{&limit, 0, {}});
  while (at != classes_.end() && at->first.limit == &limit) at = classes_.erase(at);
}

void Slots::wake_at(TimePoint at) {
  if (!timer_.armed() || at < wakes_at_) {
    wakes_at_ = at;
    timer_.set(at);
  }
}

int SlotNumbers::take() {
  if (free_.empty()) return ++last_;
  const int number = *free_.begin();
  free_.erase(free_.begin());
  return number;
}

}  // namespace errand
