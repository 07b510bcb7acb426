// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/budget.h"

#include <algorithm>
#include <cmath>

namespace errand {
namespace {
constexpr std::int64_t kDeposit = 1000;
}  // namespace

Error BudgetOptions::check() const {
  if (ttl < std::chrono::milliseconds(1) || ttl > std::chrono::hours(24)) {
    return Error::text("budget: the ttl is not between 1ms and 24h");
  }
  if (!(reserve_per_second >= 0 && reserve_per_second <= 1e6)) {
    return Error::text("budget: the reserve per second is not between 0 and a million");
  }
  if (share != 0 && !(share >= 0.001 && share <= 1000)) {
    return Error::text("budget: the share is neither 0 nor between 0.001 and 1000");
  }
  return {};
}

Budget::Budget(const Runtime& runtime, BudgetOptions options)
    : runtime_(runtime), options_(options) {
  if (options_.check()) return;
  price_ = options_.share > 0 ? std::llround(kDeposit / options_.share) : 1;
  const double ttl_seconds = std::chrono::duration<double>(options_.ttl).count();
  reserve_ = std::llround(options_.reserve_per_second * ttl_seconds) * price_;
}

std::int64_t Budget::slice_now() const {
  const Duration since_start = std::max(Duration::zero(), runtime_.now().time_since_epoch());
  return since_start / (options_.ttl / kSlices);
}

void Budget::add(std::int64_t amount) {
  const std::int64_t number = slice_now();
  Slice& slice = slices_[static_cast<std::size_t>(number % kSlices)];
  if (slice.number != number) slice = {number, 0};
  slice.amount += amount;
}

std::int64_t Budget::balance() const {
  const std::int64_t newest = slice_now();
  std::int64_t sum = reserve_;
  for (const Slice& slice : slices_) {
    if (slice.number > newest - kSlices) sum += slice.amount;
  }
  return sum;
}

void Budget::deposit() {
  if (price_ > 0 && options_.share > 0) add(kDeposit);
}

bool Budget::try_withdraw() {
  if (price_ == 0 || balance() < price_) return false;
  add(-price_);
  return true;
}

std::int64_t Budget::available() const {
  return price_ == 0 ? 0 : std::max<std::int64_t>(0, balance() / price_);
}

}  // namespace errand
