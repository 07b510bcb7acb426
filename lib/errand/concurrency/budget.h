// SPDX-License-Identifier: Apache-2.0
//
// Budget: retries and hedges as a share of the requests. Source: Finagle, RetryBudget.
#pragma once

#include <array>
#include <cstdint>

#include "errand/base/error.h"
#include "errand/base/time.h"
#include "errand/concurrency/runtime.h"

namespace errand {

struct BudgetOptions {
  Duration ttl = std::chrono::seconds(10);  // after which deposits and withdrawals are forgotten
  double reserve_per_second = 10;  // extra attempts that need no deposit: this, times the ttl
  double share = 0.2;              // extra attempts for each request

  // What is wrong with these numbers; none when nothing is.
  Error check() const;
};

// Shared by the calls to one server. Each call deposits once; each extra attempt withdraws. Reads
// the runtime's clock and sets no timer. The runtime outlives it; loop's thread only; constant
// time.
class Budget {
 public:
  // With options that check() refuses, every withdrawal is refused.
  explicit Budget(const Runtime& runtime, BudgetOptions options = {});
  Error check() const { return options_.check(); }

  // For each request, its extra attempts not included.
  void deposit();
  // True when one more attempt is covered, and then it is paid for.
  bool try_withdraw();
  // How many more attempts are covered now.
  std::int64_t available() const;

 private:
  static constexpr std::int64_t kSlices =
      10;  // of the ttl; what one of them holds expires together
  void add(std::int64_t amount);
  std::int64_t balance() const;
  std::int64_t slice_now() const;

  const Runtime& runtime_;
  BudgetOptions options_;
  std::int64_t price_ = 0;  // of one attempt; a deposit is 1000
  std::int64_t reserve_ = 0;
  struct Slice {
    std::int64_t number = -1;
    std::int64_t amount = 0;
  };
  std::array<Slice, kSlices> slices_;
};

}  // namespace errand
