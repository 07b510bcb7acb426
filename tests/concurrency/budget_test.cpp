// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/budget.h"

#include "support/virtual_test.h"

namespace errand::test {
namespace {

BudgetOptions share_only(double share) {
  BudgetOptions options;
  options.reserve_per_second = 0;
  options.share = share;
  return options;
}

TEST_CASE("#176 ten requests pay for one retry, and unused deposits expire") {
  VirtualTest t;
  Budget budget(t.runtime, share_only(0.1));
  for (int i = 0; i < 9; ++i) budget.deposit();
  CHECK_FALSE(budget.try_withdraw());
  budget.deposit();
  CHECK(budget.try_withdraw());
  CHECK_FALSE(budget.try_withdraw());
  for (int i = 0; i < 10; ++i) budget.deposit();
  CHECK(budget.available() == 1);
  t.runtime.advance(10s);
  CHECK(budget.available() == 0);
  CHECK_FALSE(budget.try_withdraw());
}

TEST_CASE("#177 the default budget has 100 retries in reserve") {
  VirtualTest t;
  Budget budget(t.runtime);
  CHECK(budget.available() == 100);
  for (int i = 0; i < 100; ++i) CHECK(budget.try_withdraw());
  CHECK_FALSE(budget.try_withdraw());
  t.runtime.advance(10s);
  CHECK(budget.try_withdraw());
}

TEST_CASE("deposits live for most of the ttl") {
  VirtualTest t;
  t.runtime.advance(123ms);
  Budget budget(t.runtime, share_only(1));
  budget.deposit();
  t.runtime.advance(9s - 123ms);
  CHECK(budget.try_withdraw());
}

TEST_CASE("a share of 0 leaves the reserve only") {
  VirtualTest t;
  BudgetOptions options = share_only(0);
  options.reserve_per_second = 0.2;
  Budget budget(t.runtime, options);
  for (int i = 0; i < 100; ++i) budget.deposit();
  CHECK(budget.try_withdraw());
  CHECK(budget.try_withdraw());
  CHECK_FALSE(budget.try_withdraw());
}

TEST_CASE("a budget with bad options says so and pays for nothing") {
  VirtualTest t;
  BudgetOptions no_ttl;
  no_ttl.ttl = 0s;
  BudgetOptions negative_reserve;
  negative_reserve.reserve_per_second = -1;
  BudgetOptions negative_share;
  negative_share.share = -0.1;
  for (const BudgetOptions& bad : {no_ttl, negative_reserve, negative_share}) {
    Budget budget(t.runtime, bad);
    CHECK(budget.check());
    budget.deposit();
    CHECK_FALSE(budget.try_withdraw());
    CHECK(budget.available() == 0);
  }
}

}  // namespace
}  // namespace errand::test
