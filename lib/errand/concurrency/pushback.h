// SPDX-License-Identifier: Apache-2.0
//
// Pushback: a server's word on when to come again, carried inside the error of an attempt. retry()
// and hedge() read it. Source: gRPC A6, "Pushback".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "errand/base/error.h"
#include "errand/base/time.h"

namespace errand {

struct Pushback {
  std::optional<Duration> delay;  // none, or negative: do not come again

  // "700" is 700 ms; a negative number and what is no number mean: do not come again.
  // gRPC: the value of grpc-retry-pushback-ms.
  static Pushback parse(std::string_view milliseconds);
  static Pushback never() { return {}; }

  bool is_never() const { return !delay || *delay < Duration::zero(); }
  std::string message() const;
};

// `error` with the server's word on it: matches `error`, and as<Pushback>() finds the word.
Error with_pushback(Error error, Pushback pushback);

}  // namespace errand
