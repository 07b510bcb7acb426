// SPDX-License-Identifier: Apache-2.0
//
// hedge: when an attempt is slow, start another beside it and take the first answer. Only for work
// that is safe to do twice. Words and rules: gRPC A6; the delay from a quantile: The Tail at Scale.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/budget.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/latency_quantile.h"
#include "errand/concurrency/pushback.h"  // IWYU pragma: export
#include "errand/concurrency/throttle.h"

namespace errand {

// What one outcome means for the race: it ends it; it makes room for the next attempt at once; it
// ends it as a failure although others might succeed.
enum class HedgeVerdict : std::uint8_t { win, non_fatal, fatal };

// Counts of any number of calls.
struct HedgeStats {
  std::uint64_t calls = 0;
  std::uint64_t hedges = 0;       // attempts beyond the originals
  std::uint64_t hedge_wins = 0;   // calls that a hedge won
  std::uint64_t throttled = 0;    // hedges that the throttle suppressed
  std::uint64_t over_budget = 0;  // hedges that the budget suppressed
};

// When attempts start. What it points to is borrowed and outlives the call.
struct HedgePolicy {
  int max_attempts = 2;      // the original included; 1 is a plain call
  bool cap_at_five = false;  // more than 5 count as 5, as in gRPC

  // Time from the start of an attempt to the start of the next. At most one of the three is given;
  // none, like a delay of 0, starts all at once.
  std::optional<Duration> delay;
  // For attempt `index`, from 1; nothing = no further hedges in this call. A negative delay is 0.
  std::function<std::optional<Duration>(int index)> delay_for;
  // Its value; no hedges while it has none. Learns from wins, from the losers that started before
  // the winner, and from timeouts; not from other failures, whose speed says nothing about answers.
  LatencyQuantile* quantile = nullptr;

  Throttle* throttle = nullptr;  // a hedge that it or the budget suppresses is dropped for good
  Budget* budget = nullptr;
  HedgeStats* stats = nullptr;

  // What is wrong with these options; none when nothing is.
  Error check() const;
};

template <class T>
struct HedgeOptions : HedgePolicy {
  // Judges each outcome. Empty: a value wins, an error is non_fatal.
  std::function<HedgeVerdict(const Result<T>&)> classify;
};

// Awaits attempt(context, index), an awaitable<Result<T>>, and starts it again with index 1, 2, …
// beside the earlier ones: each time the delay has passed, and at once after a non-fatal failure,
// from where the delay counts anew. A Pushback inside a failure replaces that start or forbids all
// further ones. Suspends until the race is decided and every attempt has ended: losers are
// cancelled with Superseded as the cause and joined. It returns
//  - the outcome that won or was fatal;
//  - when all attempts ended without a decision: the last value received, else the one error as is
//    or the aggregate of the errors in the order of the attempts;
//  - when the context ends: its error and cause, with the failures so far, matching all.
// In one instant a win goes before the context's end, that before a fatal failure, that before a
// non-fatal one, and all of these before the start of a hedge. A context that is done, and options
// that check() refuses, are errors before the first attempt. What an attempt throws is fatal and
// comes back as an error that raise() throws again. Owns `attempt`.
template <class T, class F>
awaitable<Result<T>> hedge(Context context, HedgeOptions<T> options, F attempt);

}  // namespace errand

#include "errand/concurrency/detail/hedge_impl.h"  // IWYU pragma: export
