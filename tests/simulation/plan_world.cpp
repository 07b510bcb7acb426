// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_world.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "errand/concurrency/event.h"
#include "simulation/plan_watch.h"

namespace errand::simulation {
namespace {

// No output at all.
class NoOutput final : public OutputTarget {
 public:
  Capture capture() const override { return Capture::merged; }
  std::unique_ptr<OutputSink> open(const Task&, int) override { return std::make_unique<Sink>(); }
  std::unique_ptr<HeldSink> hold(const Task&, int) override { return std::make_unique<Sink>(); }

 private:
  class Sink final : public HeldSink {
   public:
    Error keep() override { return {}; }
    Error write(Stream, std::string_view) override { return {}; }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }
  };
};

// Attempts that take virtual time and end as the plan's nodes say.
class SimulatedExecutor final : public Executor {
 public:
  awaitable<std::vector<std::string>> close() override {
    closed = true;
    co_return left_behind;
  }
  awaitable<Error> probe(Context, Context, const Attempt&) override { co_return Error(); }
  std::vector<std::string> left_behind;
  bool closed = false;

  SimulatedExecutor(PlanWatch& watch, const std::vector<const PlanNode*>& nodes)
      : watch_(watch), nodes_(nodes) {}

  awaitable<AttemptResult> run(Context context, Context hurry, const Attempt& attempt, OutputSink&,
                               Capture) override {
    const PlanNode& node = *nodes_[attempt.task->id];
    watch_.attempt_begins(attempt, context);
    AttemptResult result;
    if (node.course == Course::exits) {
      result = co_await exits(context, hurry, attempt, node);
    } else {
      result.error = Error::make(NotExecutable{"not found", 127});
    }
    watch_.attempt_returns(attempt);
    if (node.course == Course::throws) throw std::runtime_error("the executor broke");
    co_return result;
  }

 private:
  awaitable<AttemptResult> exits(Context context, Context hurry, const Attempt& attempt,
                                 const PlanNode& node) {
    AttemptResult result;
    if (const Error interrupted = co_await context.sleep(node.takes); !interrupted) {
      result.status = ExitStatus::exited(node.exit_code);
      co_return result;
    }
    result.stopped = true;
    const bool hurried_before = hurry.done();
    const Duration stops_in = node.ignores_stop ? node.grace : std::min(node.grace, node.stops_in);
    const Error cut_short = co_await hurry.sleep(stops_in);
    if (!hurried_before) watch_.grace_over(attempt, bool(cut_short));
    result.status = node.ignores_stop    ? ExitStatus::signaled(9)
                    : node.exits_cleanly ? ExitStatus::exited(0)
                                         : ExitStatus::signaled(attempt.task->kill_signal);
    co_return result;
  }

  PlanWatch& watch_;
  const std::vector<const PlanNode*>& nodes_;
};

class PlanWorld {
 public:
  PlanWorld(const PlanSpec& spec, Tracing tracing)
      : built_(build_plan(spec)),
        trace_(tracing),
        watch_(runtime_, trace_, built_),
        executor_(watch_, built_.nodes),
        runner_(executor_, output_, watch_, options()),
        ended_(runtime_) {
    if (!spec.signal_at) return;
    signal_.set_after(*spec.signal_at);
    if (spec.second_signal_after) second_.set_after(*spec.signal_at + *spec.second_signal_after);
  }

  Verdict run() {
    runtime_.start(main());
    settle();
    while (!ended_.is_set() && runtime_.counts().timers > 0) {
      runtime_.advance(std::chrono::seconds(1));
      settle();
    }
    try {
      runtime_.run(ended_.wait());
      signal_.cancel();
      second_.cancel();
      runtime_.advance(std::chrono::hours(1));
      scope_.reset();
      hurry_.reset();
      const Runtime::Counts left = runtime_.counts();
      trace_.expect(left == Runtime::Counts(), "something is left after the run", "at the end");
    } catch (const Deadlock& deadlock) {
      trace_.expect(false, deadlock.what(), "deadlock");
    }
    return trace_.verdict();
  }

 private:
  using Scope = std::pair<Context, CancelFn>;

  static RunOptions options() {
    RunOptions options;
    options.processors = 4;
    return options;
  }

  awaitable<void> main() {
    const RunEnded ended = co_await runner_.run(scope_->first, hurry_->first, *built_.plan);
    watch_.check_end(ended);
    ended_.set();
  }

  void settle() {
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
    watch_.hurried();
    hurry_->second(sigint());
  }

  BuiltPlan built_;
  VirtualRuntime runtime_;
  Trace trace_;
  PlanWatch watch_;
  NoOutput output_;
  SimulatedExecutor executor_;
  Runner runner_;
  std::optional<Scope> scope_ = with_cancel(Context::background(runtime_));
  std::optional<Scope> hurry_ = with_cancel(Context::background(runtime_));
  Timer signal_{runtime_, [this] { first_signal(); }};
  Timer second_{runtime_, [this] { second_signal(); }};
  Event ended_;
};

}  // namespace

Verdict run_plan(const PlanSpec& spec, Tracing tracing) {
  auto world = std::make_unique<PlanWorld>(spec, tracing);
  Verdict verdict = world->run();
  // What still waits refers to this world, and destroying it might end the program.
  if (!verdict.failure.empty()) static_cast<void>(world.release());
  return verdict;
}

}  // namespace errand::simulation
