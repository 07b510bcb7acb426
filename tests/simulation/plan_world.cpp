// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_world.h"

#include <memory>
#include <utility>

#include "errand/concurrency/event.h"
#include "simulation/plan_executor.h"
#include "simulation/plan_watch.h"

namespace errand::simulation {
namespace {

constexpr Duration kLongEnough = std::chrono::seconds(1000);  // for every plan to end

class PlanWorld {
 public:
  PlanWorld(const PlanSpec& spec, Tracing tracing)
      : told_(tracing == Tracing::text),
        built_(build_plan(spec)),
        trace_(tracing),
        tokens_(trace_, spec.tokens),
        watch_(runtime_, trace_, spec, built_, spec.tokens > 0 ? &tokens_ : nullptr),
        executor_(watch_, built_.nodes),
        runner_(executor_, output_, watch_, options(spec)),
        ended_(runtime_) {
    if (!spec.signal_at) return;
    signal_.set_after(*spec.signal_at);
    if (spec.second_signal_after) second_.set_after(*spec.signal_at + *spec.second_signal_after);
  }

  SimulationResult run() {
    runtime_.start(main());
    run_until_idle();
    while (!ended_.is_set() && runtime_.counts().timers > 0 && runtime_.elapsed() < kLongEnough) {
      if (trace_.failed() && !told_) break;
      runtime_.advance(std::chrono::seconds(1));
      run_until_idle();
    }
    trace_.expect(runtime_.elapsed() < kLongEnough, "a run without end", "the run");
    if (trace_.failed()) return trace_.verdict();  // it may never end
    try {
      runtime_.run(ended_.wait());
      signal_.cancel();
      second_.cancel();
      runtime_.advance(std::chrono::hours(1));
      scope_.reset();
      force_stop_.reset();
      const Runtime::Counts left = runtime_.counts();
      trace_.expect(left == Runtime::Counts(), "something is left after the run", "at the end");
      trace_.expect(executor_.closed, "the executor was not closed", "at the end");
    } catch (const Deadlock& deadlock) {
      trace_.expect(false, deadlock.what(), "deadlock");
    }
    return trace_.verdict();
  }

 private:
  using Scope = std::pair<Context, CancelFn>;

  RunOptions options(const PlanSpec& spec) {
    RunOptions options;
    options.processors = 4;
    options.delay = spec.delay.value_or(Duration::zero());
    if (spec.tokens > 0) options.tokens = &tokens_;
    return options;
  }

  awaitable<void> main() {
    const RunEnded ended = co_await runner_.run(scope_->first, force_stop_->first, *built_.plan);
    watch_.check_end(ended);
    ended_.set();
  }

  void run_until_idle() {
    runtime_.run_until_idle();
    watch_.check_settled();
  }

  static Error sigint() { return Error::make(SignalReceived{2}); }
  void first_signal() {
    if (ended_.is_set()) return;
    watch_.signaled(sigint());
    scope_->second(sigint());
  }
  void second_signal() {
    watch_.force_stopped();
    force_stop_->second(sigint());
  }

  bool told_;  // what follows a failure, too
  BuiltPlan built_;
  VirtualRuntime runtime_;
  Trace trace_;
  FewTokens tokens_;
  PlanWatch watch_;
  NoOutput output_;
  SimulatedExecutor executor_;
  Runner runner_;
  std::optional<Scope> scope_ = with_cancel(Context::background(runtime_));
  std::optional<Scope> force_stop_ = with_cancel(Context::background(runtime_));
  Timer signal_{runtime_, [this] { first_signal(); }};
  Timer second_{runtime_, [this] { second_signal(); }};
  Event ended_;
};

}  // namespace

SimulationResult run_plan(const PlanSpec& spec, Tracing tracing) {
  auto world = std::make_unique<PlanWorld>(spec, tracing);
  SimulationResult verdict = world->run();
  // What still waits refers to this world, and destroying it might end the program.
  if (!verdict.failure.empty()) static_cast<void>(world.release());
  return verdict;
}

}  // namespace errand::simulation
