// SPDX-License-Identifier: Apache-2.0
//
// Throttle: no retries and no hedges while a server fails too often. Source: gRPC A6, "Throttling".
#pragma once

#include "errand/base/error.h"

namespace errand {

// A count of tokens, one for each server and shared by all calls to it. Starts full; each failure
// takes a token, each success gives back a part of one; extra attempts are allowed while more than
// half of the tokens are there. A plain value; loop's thread only.
class Throttle {
 public:
  // `max_tokens` from 1 to 1000; `ratio` above 0, tokens for each success, of which three decimals
  // count (0.5466 is 0.546). Others are refused by check(), and allow nothing.
  Throttle(int max_tokens, double ratio);
  // What is wrong with the numbers given; none when nothing is.
  Error check() const;

  // May another attempt be sent?
  bool allowed() const { return thousandths_ * 2 > max_thousandths_; }
  void on_success();
  // For failures that ask for another attempt or say that there must be none; not for others.
  // Returns allowed() after the count.
  bool on_failure();
  double tokens() const { return thousandths_ / 1000.0; }

 private:
  int max_thousandths_ = 0;
  int ratio_thousandths_ = 0;
  int thousandths_ = 0;
};

}  // namespace errand
