// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "support/hedge_test.h"

namespace errand::test {
namespace {

TEST_CASE("#134 slow attempts start one delay apart, and never more than max_attempts") {
  HedgeTest t;
  CHECK(t.run_call() == 1);
  CHECK(t.started == Delays{0ms, 500ms, 1000ms, 1500ms});
}

TEST_CASE("#135 an answer within the delay is not hedged") {
  HedgeTest t;
  t.acts = {{120ms}};
  CHECK(t.run_call() == 1);
  CHECK(t.started.size() == 1);
  CHECK(t.elapsed() == 120ms);
}

TEST_CASE("#136 the first answer wins, and the losers have ended when it is returned") {
  HedgeTest t;
  t.acts = {{}, {}, {100ms}};
  CHECK(t.run_call() == 3);
  CHECK(t.elapsed() == 1100ms);
  CHECK(t.ended == std::vector<int>{2, 0, 1});
  CHECK(t.canceled == std::vector<int>{0, 1});
  CHECK(t.causes == std::vector<Error>{Superseded, Superseded});
}

TEST_CASE("#137 a non-fatal failure starts the next attempt at once and the delay anew") {
  HedgeTest t;
  t.acts = {{100ms, E}};
  CHECK(t.run_call() == 2);
  CHECK(t.started == Delays{0ms, 100ms, 600ms, 1100ms});
}

TEST_CASE("#139 a fatal failure ends the call although others might succeed") {
  HedgeTest t;
  t.acts = {{700ms, E}, {300ms}};
  t.options.classify = [](const Result<int>& outcome) {
    return outcome ? HedgeVerdict::win : HedgeVerdict::fatal;
  };
  const Result<int> result = t.run_call();
  CHECK(result.error() == E);
  CHECK(t.elapsed() == 700ms);
  CHECK(t.started.size() == 2);
  CHECK(t.canceled == std::vector<int>{1});
  CHECK(t.causes == std::vector<Error>{E});
}

TEST_CASE("#140 when all fail the call ends with the last one, errors in the order of attempts") {
  HedgeTest t;
  t.options.max_attempts = 3;
  t.acts = {{900ms, E}, {100ms, F}, {500ms, P}};
  const Result<int> result = t.run_call();
  REQUIRE_FALSE(result.has_value());
  CHECK(t.started == Delays{0ms, 500ms, 600ms});
  CHECK(t.ended == std::vector<int>{1, 0, 2});
  CHECK(t.elapsed() == 1100ms);
  CHECK(result.error().message() == "[E, F, P]");
  CHECK(result.error().errors().size() == 3);
}

TEST_CASE("#141 a delay of 0 starts all attempts at once") {
  HedgeTest t;
  t.options.delay = 0ms;
  t.acts = {{}, {}, {30ms}};
  CHECK(t.run_call() == 3);
  CHECK(t.started == Delays{0ms, 0ms, 0ms, 0ms});
  t.options.delay = std::nullopt;
  CHECK(t.again({{}, {}, {}, {30ms}}) == 4);
  CHECK(t.started == Delays{30ms, 30ms, 30ms, 30ms});
}

TEST_CASE("#142 one attempt is a plain call, less is refused, and five is the cap where it is on") {
  HedgeTest t;
  t.options.max_attempts = 1;
  CHECK(t.again({{2s, E}}).error() == E);
  CHECK(t.started.size() == 1);
  for (int refused : {0, -1}) {
    t.options.max_attempts = refused;
    CHECK_FALSE(t.again({{0ms}}).has_value());
    CHECK(t.started.empty());
  }
  t.options.max_attempts = 9;
  t.again({});
  CHECK(t.started.size() == 9);
  t.options.cap_at_five = true;
  t.again({});
  CHECK(t.started.size() == 5);
}

TEST_CASE("#143 one deadline covers the whole chain") {
  HedgeTest t;
  auto main = [&t](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1200ms);
    const Result<int> result = co_await t.call(limited);
    CHECK(result.error().is(DeadlineExceeded));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 1200ms);
  CHECK(t.started.size() == 3);
  CHECK(t.canceled == std::vector<int>{0, 1, 2});
}

TEST_CASE("#144 cancelling the call cancels every attempt and tells the cause") {
  HedgeTest t;
  auto main = [&t](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_cancel(ctx);
    Timer timer(ctx.runtime(), [&stop = cancel] { stop(P); });
    timer.set_after(700ms);
    const Result<int> result = co_await t.call(limited);
    CHECK(result.error().is(Canceled));
    CHECK(result.error().is(P));
    CHECK(result.error().message() == "context canceled: P");
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 700ms);
  CHECK(t.canceled == std::vector<int>{0, 1});
}

TEST_CASE("#145 a done context starts no attempt") {
  HedgeTest t;
  t.acts = {{0ms}};
  const auto [done, cancel] = with_cancel(t.background());
  cancel(P);
  CHECK(t.run(t.call(done)).error().is(P));
  CHECK(t.started.empty());
}

TEST_CASE("#146 a success in the instant of the hedge wins without it") {
  HedgeTest t;
  t.acts = {{500ms}};
  CHECK(t.run_call() == 1);
  CHECK(t.started.size() == 1);
}

TEST_CASE("#148 do not retry stops hedging, and attempts in flight may still win") {
  HedgeTest t;
  t.acts = {{600ms, with_pushback(E, Pushback::never())}, {900ms}};
  CHECK(t.run_call() == 2);
  CHECK(t.elapsed() == 1400ms);
  CHECK(t.started == Delays{0ms, 500ms});
}

TEST_CASE("#150 a pushback of -1 and one that is no number stop hedging") {
  for (const char* text : {"-1", "later"}) {
    HedgeTest t;
    t.acts = {{100ms, with_pushback(E, Pushback::parse(text))}};
    CHECK(t.run_call().error().is(E));
    CHECK(t.elapsed() == 100ms);
    CHECK(t.started.size() == 1);
  }
}

TEST_CASE("a pushback replaces the start of the next attempt") {
  HedgeTest t;
  t.acts = {{100ms, with_pushback(E, Pushback{700ms})}};
  CHECK(t.run_call() == 2);
  CHECK(t.started == Delays{0ms, 800ms, 1300ms, 1800ms});
}

TEST_CASE("nobody waits for a pushback that lies beyond the deadline") {
  HedgeTest t;
  t.acts = {{100ms, with_pushback(E, Pushback{700ms})}};
  auto main = [&t](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 600ms);
    CHECK((co_await t.call(limited)).error().is(E));
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 100ms);
}

TEST_CASE("#157 values that do not win wait for one that does; else the last one is returned") {
  HedgeTest t;
  t.options.max_attempts = 3;
  int winning = 3;
  t.options.classify = [&](const Result<int>& outcome) {
    return outcome == winning ? HedgeVerdict::win : HedgeVerdict::non_fatal;
  };
  const std::vector<Act> acts = {{600ms}, {700ms}, {300ms}};
  CHECK(t.again(acts) == 3);
  CHECK(t.started.size() == 3);
  winning = 4;
  CHECK(t.again(acts) == 2);  // which came at 1200ms, after 1 at 600 and 3 at 900
  CHECK(t.again({{600ms}, {700ms, E}, {300ms, E}}) == 1);
  CHECK(t.again({{600ms, E}, {700ms, E}, {300ms, F}}).error().message() == "[E, F]");
}

TEST_CASE("#161 an attempt can tell that it is a hedge") {
  HedgeTest t;
  t.options.delay = 10ms;
  std::vector<int> indices;
  auto attempt = [&](Context ctx, int index) -> awaitable<Result<int>> {
    indices.push_back(index);
    if (index < 2) co_await ctx.sleep(1h);
    co_return index;
  };
  CHECK(t.run(hedge(t.background(), t.options, attempt)) == 2);
  CHECK(indices == std::vector<int>{0, 1, 2});
  CHECK(t.stats.calls == 1);
  CHECK(t.stats.hedges == 2);
  CHECK(t.stats.hedge_wins == 1);
}

TEST_CASE("in one instant a win goes before the end of the context and before failures") {
  HedgeTest t;
  auto main = [&t](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1s);
    CHECK((co_await t.call(limited)) == 2);
  };
  t.acts = {{1s, E}, {500ms}};
  t.options.classify = [](const Result<int>& outcome) {
    return outcome ? HedgeVerdict::win : HedgeVerdict::fatal;
  };
  t.run(main(t.background()));
  CHECK(t.elapsed() == 1s);
}

TEST_CASE("in one instant a fatal failure goes before a non-fatal one") {
  HedgeTest t;
  t.acts = {{1s, E}, {500ms, F}};
  t.options.max_attempts = 2;
  t.options.classify = [](const Result<int>& outcome) {
    return outcome.error().is(F) ? HedgeVerdict::fatal : HedgeVerdict::non_fatal;
  };
  CHECK(t.run_call().error() == F);
}

TEST_CASE("in one instant a deadline goes before a fatal failure") {
  HedgeTest t;
  t.acts = {{1s, E}};
  t.options.max_attempts = 1;
  t.options.classify = [](const Result<int>&) { return HedgeVerdict::fatal; };
  auto main = [&t](Context ctx) -> awaitable<void> {
    const auto [limited, cancel] = with_timeout(ctx, 1s);
    const Result<int> result = co_await t.call(limited);
    CHECK(result.error().is(DeadlineExceeded));
    CHECK(result.error().is(E));
  };
  t.run(main(t.background()));
}

TEST_CASE("two failures in one instant make room for two attempts") {
  HedgeTest t;
  t.options.delay = 100ms;
  t.acts = {{150ms, E}, {50ms, E}};
  t.run_call();
  CHECK(t.started == Delays{0ms, 100ms, 150ms, 150ms});
}

TEST_CASE("attempts that never suspend are raced too") {
  HedgeTest t;
  int calls = 0;
  auto failing = [&](Context, int) -> awaitable<Result<int>> {
    ++calls;
    co_return std::unexpected(E);
  };
  CHECK(t.run(hedge(t.background(), t.options, failing)).error().message() == "E");
  CHECK(calls == 4);
  auto winning = [&](Context, int index) -> awaitable<Result<int>> { co_return index; };
  t.options.delay = 0ms;
  CHECK(t.run(hedge(t.background(), t.options, winning)) == 0);
  CHECK(t.elapsed() == 0ms);
}

TEST_CASE("a race may be about no value") {
  HedgeTest t;
  HedgeOptions<void> options;
  options.delay = 10ms;
  auto attempt = [](Context ctx, int index) -> awaitable<Result<void>> {
    if (index == 0) co_await ctx.sleep(1h);
    co_return Result<void>();
  };
  CHECK(t.run(hedge(t.background(), options, attempt)).has_value());
  CHECK(t.elapsed() == 10ms);
}

TEST_CASE("what an attempt throws is fatal and can be raised again") {
  HedgeTest t;
  auto attempt = [](Context ctx, int index) -> awaitable<Result<int>> {
    if (index == 1) throw std::runtime_error("bug");
    co_await ctx.sleep(1h);
    co_return index;
  };
  const Result<int> result = t.run(hedge(t.background(), t.options, attempt));
  CHECK(t.elapsed() == 500ms);
  CHECK_THROWS_WITH(result.error().raise(), "bug");
}

TEST_CASE("hedge options that make no sense are refused before the first attempt") {
  HedgeTest t;
  LatencyQuantile quantile;
  Throttle bad_throttle(0, 0);
  std::vector<HedgeOptions<int>> bad(3, t.options);
  bad[0].delay = -1ms;
  bad[1].quantile = &quantile;  // beside a delay
  bad[2].throttle = &bad_throttle;
  for (const HedgeOptions<int>& options : bad) {
    t.options = options;
    CHECK_FALSE(t.again({{0ms}}).has_value());
    CHECK(t.started.empty());
  }
}

}  // namespace
}  // namespace errand::test
