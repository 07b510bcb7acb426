// SPDX-License-Identifier: Apache-2.0
//
// Attempts that take virtual time and end as the plan's nodes say.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "errand/run/runner.h"
#include "simulation/plan_watch.h"

namespace errand::simulation {

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
    Error write(StdStream, std::string_view) override { return {}; }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }
  };
};

class SimulatedExecutor final : public Executor {
 public:
  SimulatedExecutor(PlanWatch& watch, const std::vector<const PlanNode*>& nodes)
      : watch_(watch), nodes_(nodes) {}
  bool closed = false;

  awaitable<std::vector<std::string>> close() override {
    closed = true;
    std::vector<std::string> left_behind;
    co_return left_behind;
  }

  awaitable<AttemptResult> run(Context context, Context force_stop, const Attempt& attempt,
                               OutputSink& output, Capture) override {
    const Turn& turn = turn_of(attempt);
    watch_.attempt_begins(attempt, context);
    AttemptResult result;
    if (turn.outcome == Outcome::exits) {
      result = co_await exits(context, force_stop, attempt, output);
    } else {
      result.error = Error::make(NotExecutable{"not found", 127});
    }
    const bool throws = turn.outcome == Outcome::throws;
    watch_.attempt_returns(attempt, throws ? nullptr : &result);
    if (throws) throw std::runtime_error("the executor broke");
    co_return result;
  }

  awaitable<Error> probe(Context context, Context, const Attempt& attempt) override {
    const NodeService& service = *nodes_[attempt.task->id]->service;
    const auto since = watch_.runs_since(attempt);
    if (context.done()) co_return context.done_error();
    if (!since || *since < service.ready_after) co_return Error::text("not yet");
    watch_.service_ready(attempt);
    co_return Error();
  }

 private:
  const Turn& turn_of(const Attempt& attempt) const {
    const std::vector<Turn>& turns = nodes_[attempt.task->id]->turns;
    return turns[std::min(turns.size(), static_cast<std::size_t>(attempt.number)) - 1];
  }

  // To its end by itself, or until the context is done.
  awaitable<Error> goes_on(Context context, const Attempt& attempt, OutputSink& output) {
    const Duration takes = turn_of(attempt).takes;
    const auto& service = nodes_[attempt.task->id]->service;
    if (!service || service->check != NodeService::Check::log || service->ready_after > takes) {
      co_return co_await context.sleep(takes);
    }
    if (Error interrupted = co_await context.sleep(service->ready_after)) co_return interrupted;
    watch_.service_ready(attempt);
    output.write(StdStream::out, "it is ");
    output.write(StdStream::out, "u");
    output.write(StdStream::out, "p\n");
    co_return co_await context.sleep(takes - service->ready_after);
  }

  awaitable<AttemptResult> exits(Context context, Context force_stop, const Attempt& attempt,
                                 OutputSink& output) {
    const PlanNode& node = *nodes_[attempt.task->id];
    AttemptResult result;
    if (const Error interrupted = co_await goes_on(context, attempt, output); !interrupted) {
      result.status = ExitStatus::exited(turn_of(attempt).exit_code);
      co_return result;
    }
    result.stopped = true;
    watch_.attempt_stopped(attempt);
    const bool force_stopped_before = force_stop.done();
    const Duration stops_in = node.ignores_stop ? node.grace : std::min(node.grace, node.stops_in);
    const Error cut_short = co_await force_stop.sleep(stops_in);
    if (!force_stopped_before) watch_.grace_over(attempt, bool(cut_short));
    result.status = node.ignores_stop    ? ExitStatus::signaled(9)
                    : node.exits_cleanly ? ExitStatus::exited(0)
                                         : ExitStatus::signaled(attempt.task->kill_signal);
    co_return result;
  }

  PlanWatch& watch_;
  const std::vector<const PlanNode*>& nodes_;
};

}  // namespace errand::simulation
