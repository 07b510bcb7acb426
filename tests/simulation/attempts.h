// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "errand/base/result.h"
#include "errand/concurrency/context.h"
#include "simulation/task_tree.h"
#include "simulation/trace.h"

namespace errand::simulation {

// The attempts of one pattern (retry, hedge, any, all), which must all have ended when it returns.
class Attempts {
 public:
  Attempts(Trace& trace, const Node& node, const std::string& name)
      : trace_(trace), node_(node), name_(name), spoilt_(Error::text("spoilt")) {}
  Attempts(const Attempts&) = delete;
  Attempts& operator=(const Attempts&) = delete;

  awaitable<Result<int>> run(Context context, int index) {
    Runtime& runtime = context.runtime();
    trace_.add(runtime.now(), "attempt", name_);
    ++started;
    ++running_;
    most_at_once = std::max(most_at_once, running_);
    if (context.done()) ++started_late;
    Error error = co_await context.sleep(node_.takes);
    if (error && node_.lingers > Duration::zero()) {
      const Context undisturbed = without_cancel(context);
      co_await undisturbed.sleep(node_.lingers);
    }
    --running_;
    if (!error && static_cast<unsigned>(index) < node_.spoilt) error = spoilt_;
    if (error) co_return std::unexpected(error);
    if (values++ == 0) won_at_ = runtime.now();
    now_ = [&runtime] { return runtime.now(); };
    co_return index;
  }
  // After the pattern has returned `result`.
  void check_joined(const Error& result, const Context& context) const {
    const auto expect = [&](bool holds, std::string_view what) {
      trace_.expect(holds, what, name_);
    };
    expect(running_ == 0, "a pattern returned before its attempts had ended");
    if (!result) return;
    const bool explained = result.is(spoilt_) || result.is(DeadlineExceeded) ||
                           (context.done() && result.is(context.cause()));
    expect(explained, "a pattern failed with an error that nobody had");
  }

  // The first value has been returned: those who do not linger need no more time.
  void check_losers_canceled() const {
    trace_.expect(node_.lingers > Duration::zero() || now_() == won_at_,
                  "a pattern did not cancel its losers", name_);
  }

  int started = 0;
  int started_late = 0;  // under a context that was done
  int most_at_once = 0;
  int values = 0;

 private:
  Trace& trace_;
  const Node& node_;
  const std::string& name_;
  Error spoilt_;
  TimePoint won_at_;
  std::function<TimePoint()> now_;
  int running_ = 0;
};

}  // namespace errand::simulation
