// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "errand/concurrency/hedge.h"
#include "support/virtual_test.h"

namespace errand::test {

inline const Error E = Error::text("E");
inline const Error F = Error::text("F");
inline const Error P = Error::text("P");

using Delays = std::vector<Duration>;

// What one attempt does: after `takes`, it ends with `error`, or with its index where there is
// none.
struct Act {
  Duration takes = 1h;
  Error error = {};
};

// A virtual clock, a server that acts as scripted, and a record of what it saw.
struct HedgeTest : VirtualTest {
  HedgeTest() {
    options.max_attempts = 4;
    options.delay = 500ms;
    options.stats = &stats;
  }

  awaitable<Result<int>> serve(Context ctx, int index) {
    started.push_back(ctx.runtime().now() - TimePoint{});
    const Act act = static_cast<std::size_t>(index) < acts.size() ? acts[index] : Act();
    const Error stopped = co_await ctx.sleep(act.takes);
    ended.push_back(index);
    if (stopped) {
      canceled.push_back(index);
      causes.push_back(ctx.cause());
      co_return std::unexpected(stopped);
    }
    if (act.error) co_return std::unexpected(act.error);
    co_return index + 1;
  }

  awaitable<Result<int>> call(Context ctx) {
    auto attempt = [this](Context c, int index) { return serve(std::move(c), index); };
    return hedge(std::move(ctx), options, attempt);
  }
  Result<int> run_call() { return run(call(background())); }

  // One more call, with records of its own.
  Result<int> again(std::vector<Act> next_acts) {
    acts = std::move(next_acts);
    started.clear();
    return run_call();
  }

  HedgeOptions<int> options;
  HedgeStats stats;
  std::vector<Act> acts;
  Delays started;
  std::vector<int> ended, canceled;
  std::vector<Error> causes;
};

}  // namespace errand::test
