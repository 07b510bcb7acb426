// SPDX-License-Identifier: Apache-2.0
#include "support/hedge_test.h"

namespace errand::test {
namespace {

TEST_CASE("#152 tokens at the threshold drop the due hedge for good") {
  HedgeTest t;
  Throttle throttle(10, 0.1);
  for (int i = 0; i < 5; ++i) throttle.on_failure();
  t.options.throttle = &throttle;
  t.acts = {{2s}};
  CHECK(t.run_call() == 1);
  CHECK(t.started.size() == 1);
  CHECK(t.stats.throttled == 1);
  CHECK(throttle.tokens() == Approx(5.1));
}

TEST_CASE("#153 with nothing else in flight a throttled failure is returned at once") {
  HedgeTest t;
  Throttle throttle(10, 0.1);
  for (int i = 0; i < 5; ++i) throttle.on_failure();
  t.options.throttle = &throttle;
  t.acts = {{100ms, E}};
  CHECK(t.run_call().error() == E);
  CHECK(t.elapsed() == 100ms);
  CHECK(throttle.tokens() == Approx(4));
}

TEST_CASE("the throttle counts do-not-retry among fatal failures, and no others of them") {
  HedgeTest t;
  Throttle throttle(10, 0.1);
  t.options.throttle = &throttle;
  t.options.classify = [](const Result<int>& outcome) {
    return outcome ? HedgeVerdict::win : HedgeVerdict::fatal;
  };
  t.again({{0ms, E}});
  CHECK(throttle.tokens() == Approx(10));
  t.again({{0ms, with_pushback(E, Pushback::never())}});
  CHECK(throttle.tokens() == Approx(9));
}

TEST_CASE("#156 a delay function may stop hedging; the original's result is returned") {
  HedgeTest t;
  t.options.delay = std::nullopt;
  std::vector<int> asked;
  t.options.delay_for = [&](int index) -> std::optional<Duration> {
    asked.push_back(index);
    return std::nullopt;
  };
  CHECK(t.again({{2s}}) == 1);
  CHECK(t.started.size() == 1);
  CHECK(t.again({{2s, E}}).error() == E);
  CHECK(t.started.size() == 1);
  CHECK(asked == std::vector<int>{1, 1});
}

TEST_CASE("a delay function is asked before each hedge") {
  HedgeTest t;
  t.options.delay = std::nullopt;
  t.options.delay_for = [](int index) { return std::optional<Duration>(index * 100ms); };
  t.run_call();
  CHECK(t.started == Delays{0ms, 100ms, 300ms, 600ms});
}

TEST_CASE("#158 no hedges while the quantile warms up, then after it") {
  HedgeTest t;
  LatencyQuantile quantile;
  t.options.delay = std::nullopt;
  t.options.quantile = &quantile;
  for (int i = 0; i < 19; ++i) t.again({{10ms}});
  t.again({{1h}});
  CHECK(t.stats.hedges == 0);
  for (int i = 0; i < 5; ++i) t.again({{10ms}});
  t.options.max_attempts = 2;
  const Duration before = t.elapsed();
  CHECK(t.again({{5s}, {4s}}) == 2);
  CHECK(t.stats.hedges == 1);
  CHECK(t.started == Delays{before, before + 10ms});
}

TEST_CASE("#159 quick failures do not shorten the delay; timeouts and losers lengthen it") {
  HedgeTest t;
  LatencyQuantileOptions quantile_options;
  quantile_options.quantile = 0.5;
  quantile_options.warm_up = 4;
  quantile_options.window = 9;
  LatencyQuantile quantile(quantile_options);
  t.options.delay = std::nullopt;
  t.options.quantile = &quantile;
  t.options.max_attempts = 1;
  for (int i = 0; i < 4; ++i) t.again({{100ms}});
  for (int i = 0; i < 50; ++i) t.again({{0ms, E}});
  CHECK(quantile.value() == 100ms);
  for (int i = 0; i < 3; ++i) t.again({{2s, Error::caused(DeadlineExceeded, E)}});
  t.options.max_attempts = 2;
  CHECK(quantile.value() == 100ms);
  t.again({{3s}, {2500ms}});  // the original lost after 2600ms, the hedge won in 2500ms
  CHECK(quantile.value() == 2s);
}

TEST_CASE("a hedge that lost against an earlier attempt teaches the quantile nothing") {
  HedgeTest t;
  LatencyQuantileOptions latest_only;
  latest_only.warm_up = 1;
  latest_only.window = 1;
  LatencyQuantile quantile(latest_only);
  quantile.record(500ms);
  t.options.delay = std::nullopt;
  t.options.quantile = &quantile;
  CHECK(t.again({{600ms}}) == 1);
  CHECK(t.started.size() == 2);
  CHECK(quantile.value() == 600ms);
}

TEST_CASE("#160 an exhausted budget stops hedging, not the original") {
  HedgeTest t;
  BudgetOptions budget_options;
  budget_options.reserve_per_second = 0;
  budget_options.share = 0.5;
  Budget budget(t.runtime, budget_options);
  t.options.budget = &budget;
  CHECK(t.again({{700ms}}) == 1);
  CHECK(t.started.size() == 1);
  CHECK(t.stats.over_budget == 1);
  CHECK(t.again({{700ms}}) == 1);  // the second deposit pays for one hedge
  CHECK(t.started.size() == 2);
}

TEST_CASE("what a delay function throws ends the call after its attempts") {
  HedgeTest t;
  t.options.delay = std::nullopt;
  t.options.delay_for = [](int index) -> std::optional<Duration> {
    if (index == 2) throw std::runtime_error("bug");
    return 10ms;
  };
  CHECK(t.run_call().error().message() == "bug");
  CHECK(t.elapsed() == 10ms);
  CHECK(t.canceled == std::vector<int>{0});
}

}  // namespace
}  // namespace errand::test
