// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/backoff.h"

#include <cmath>
#include <limits>

#include "support/virtual_test.h"

namespace errand::test {
namespace {

std::vector<Duration> take(BackoffSequence sequence, int count) {
  std::vector<Duration> delays;
  for (int i = 0; i < count; ++i) delays.push_back(sequence.next());
  return delays;
}

Backoff plain(Duration initial, Duration max) {
  Backoff backoff;
  backoff.initial = initial;
  backoff.max = max;
  backoff.jitter = Jitter::none;
  return backoff;
}

using Delays = std::vector<Duration>;

TEST_CASE("#167 the cap applies before proportional jitter") {
  Backoff backoff = plain(100ms, 1s);
  backoff.jitter = Jitter::proportional;
  backoff.spread = 0.2;
  auto highest = [] { return 1.0; };
  CHECK(take(BackoffSequence(backoff, highest), 5) == Delays{120ms, 240ms, 480ms, 960ms, 1200ms});
  auto lowest = [] { return 0.0; };
  CHECK(take(BackoffSequence(backoff, lowest), 5) == Delays{80ms, 160ms, 320ms, 640ms, 800ms});
}

TEST_CASE("#168 full jitter stays below the capped delay, equal jitter in its upper half") {
  for (std::uint64_t seed : {1u, 2u, 77u}) {
    Backoff backoff = plain(100ms, 1s);
    const Delays ladder = take(BackoffSequence(backoff, seed), 1000);
    backoff.jitter = Jitter::full;
    const Delays full = take(BackoffSequence(backoff, seed), 1000);
    backoff.jitter = Jitter::equal;
    const Delays equal = take(BackoffSequence(backoff, seed), 1000);
    bool within = true;
    for (std::size_t n = 0; n < ladder.size(); ++n) {
      within = within && full[n] >= 0ms && full[n] <= ladder[n];
      within = within && equal[n] >= ladder[n] / 2 && equal[n] <= ladder[n];
    }
    CHECK(within);
    CHECK(*std::max_element(full.begin(), full.end()) > 950ms);  // it is spread out, not constant
    CHECK(*std::min_element(full.begin() + 4, full.end()) < 50ms);
  }
}

TEST_CASE("#169 decorrelated jitter grows from the delay before it") {
  Backoff backoff = plain(100ms, 1s);
  backoff.jitter = Jitter::decorrelated;
  for (std::uint64_t seed : {1u, 2u, 77u}) {
    Duration previous = 100ms;
    bool within = true;
    for (Duration delay : take(BackoffSequence(backoff, seed), 1000)) {
      within = within && delay >= 100ms && delay <= std::min<Duration>(1s, 3 * previous);
      previous = delay;
    }
    CHECK(within);
  }
}

TEST_CASE("#170 equal seeds give equal delays, and jitter does not feed into the next one") {
  Backoff backoff = plain(100ms, 1h);
  backoff.jitter = Jitter::proportional;
  backoff.spread = 0.5;
  CHECK(take(BackoffSequence(backoff, 7), 100) == take(BackoffSequence(backoff, 7), 100));
  CHECK(take(BackoffSequence(backoff, 7), 100) != take(BackoffSequence(backoff, 8), 100));
  double draws[] = {1.0, 0.5, 0.0, 0.5};
  auto draw = [&draws, at = 0]() mutable { return draws[at++]; };
  CHECK(take(BackoffSequence(backoff, draw), 4) == Delays{150ms, 200ms, 200ms, 800ms});
}

TEST_CASE("the ladder grows by steps or not at all when asked to") {
  Backoff backoff = plain(100ms, 350ms);
  backoff.growth = Growth::linear;
  CHECK(take(BackoffSequence(backoff, 1), 5) == Delays{100ms, 200ms, 300ms, 350ms, 350ms});
  backoff.growth = Growth::constant;
  CHECK(take(BackoffSequence(backoff, 1), 3) == Delays{100ms, 100ms, 100ms});
}

TEST_CASE("reset starts the ladder over") {
  BackoffSequence sequence(plain(100ms, 1s), 1);
  sequence.next();
  sequence.next();
  sequence.reset();
  CHECK(sequence.next() == 100ms);
}

TEST_CASE("very long ladders do not overflow") {
  Backoff backoff = plain(1h, Duration::max());
  backoff.multiplier = 1e9;
  for (Duration delay : take(BackoffSequence(backoff, 1), 1000)) CHECK(delay >= 1h);
}

TEST_CASE("numbers that make no sense are refused and give delays of zero") {
  Backoff good = plain(100ms, 1s);
  CHECK_FALSE(good.check());
  Backoff negative = good;
  negative.initial = -1ms;
  Backoff upside_down = good;
  upside_down.max = 99ms;
  Backoff shrinking = good;
  shrinking.multiplier = 0.9;
  Backoff nan = good;
  nan.multiplier = std::numeric_limits<double>::quiet_NaN();
  Backoff wide = good;
  wide.spread = 1.01;
  for (const Backoff& bad : {negative, upside_down, shrinking, nan, wide}) {
    CHECK(bad.check());
    CHECK(take(BackoffSequence(bad, 1), 2) == Delays{0ms, 0ms});
  }
}

}  // namespace
}  // namespace errand::test
