// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before trying again. Sources: gRPC A6 (exponential, proportional jitter on the
// capped delay), the AWS architecture blog's simulator (full, equal and decorrelated jitter).
#pragma once

#include <cstdint>
#include <functional>

#include "errand/base/error.h"
#include "errand/base/time.h"

namespace errand {

// The ladder of delays before jitter: initial · multiplier^n, initial · (n + 1), or always initial.
enum class Growth : std::uint8_t { exponential, linear, constant };

// What chance makes of a delay v that is already capped by `max`; U[a, b] is drawn evenly.
enum class Jitter : std::uint8_t {
  none,          // v
  full,          // U[0, v]
  equal,         // v/2 + U[0, v/2]
  decorrelated,  // min(max, U[initial, 3 · previous delay]); growth and multiplier do not count
  proportional,  // v · U[1 - spread, 1 + spread], so it may exceed max
};

struct Backoff {
  Duration initial = std::chrono::milliseconds(100);  // not negative
  Duration max = std::chrono::seconds(10);            // at least `initial`
  double multiplier = 2;                              // at least 1; of Growth::exponential
  Growth growth = Growth::exponential;
  Jitter jitter = Jitter::proportional;
  double spread = 0.2;  // from 0 to 1; of Jitter::proportional

  // What is wrong with these numbers; none when nothing is.
  Error check() const;
};

// The delays of one series of attempts: a plain value, and the same again for the same seed.
// A backoff that check() refuses gives delays of zero.
class BackoffSequence {
 public:
  BackoffSequence(Backoff backoff, std::uint64_t seed);
  // `draw` is the source of chance: evenly from [0, 1].
  BackoffSequence(Backoff backoff, std::function<double()> draw);
  // The next delay; waits for nothing. Jitter never feeds into the ladder, except where it is
  // decorrelated.
  Duration next();
  // The ladder restarts at `initial`; the source of chance goes on.
  void reset();

 private:
  double next_base_delay();

  Backoff backoff_;
  std::function<double()> draw_;
  bool usable_;
  double base_delay_ = 0;  // nanoseconds, as are the next two
  double initial_;
  double max_;
};

}  // namespace errand
