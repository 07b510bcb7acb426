// SPDX-License-Identifier: Apache-2.0
//
// Runs a plan: each group of the plan is a Group under its parent's context, each task a child of
// its group, waiting for its needs and a job slot before it starts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "errand/base/result.h"
#include "errand/concurrency/context.h"
#include "errand/events/events.h"
#include "errand/events/latencies.h"
#include "errand/events/output.h"
#include "errand/plan/plan.h"
#include "errand/run/executor.h"
#include "errand/run/tokens.h"

namespace errand {

struct RunOptions {
  std::string id;
  std::string name;
  unsigned processors = 1;          // what `auto` and percentages of jobs count from
  WallTime started;                 // later times are this plus monotonic time
  std::uint64_t seed = 0;           // of the chance in backoffs; each task draws its own
  std::optional<Rate> rate;         // of attempts in the whole run
  Duration delay{};                 // at least this long between the starts of two attempts
  std::function<bool()> held_back;  // true: start nothing beside what runs; asked each second
  Tokens* tokens = nullptr;         // each attempt takes one; borrowed
  TraceContext trace = {};          // attempts are spans in it
  Origin origin = {};               // told, not used
  std::shared_ptr<const PriorResults> earlier = nullptr;  // the same
  Durations history = {};    // of earlier runs, for hedges after a percentile
  std::size_t left_out = 0;  // tasks that --only and --skip have taken from the plan
};

// 0 = no limit; otherwise at least 1.
unsigned resolve_jobs(const Jobs& jobs, unsigned processors);

// Tasks that arrive one after another.
class TaskSource {
 public:
  virtual ~TaskSource() = default;
  // The next task, none at the end, or why the rest cannot be read. Suspends while there is
  // nothing.
  virtual awaitable<Result<std::optional<Task>>> next(Context context) = 0;
  // Returns how many tasks --only and --skip have left out so far.
  virtual std::size_t left_out() const { return 0; }
  // Returns why it is an error if the source ends without any task; an empty Error if it is none.
  virtual Error empty_error() const { return {}; }
};

// One use: one run. Everything given outlives the call. Suspends until every task has ended and all
// of its processes are gone. Cancelling `context` cancels the run with its cause; `force_stop`
// done: without waiting for the grace any longer.
class Runner {
 public:
  Runner(Executor& executor, OutputTarget& output, Observer& observer, RunOptions options);

  // lint: outlives: as said above.
  awaitable<RunEnded> run(Context context, Context force_stop, const Plan& plan);
  // The tasks of `source` as children of `root`, a group; each is read when a slot is free for it,
  // and forgotten when it has ended. A source that fails is one failure of the run. A run that has
  // started nothing succeeds only as judge_coverage() says; so it is for run().
  awaitable<RunEnded> run_stream(Context context, Context force_stop, const Task& root,
                                 TaskSource& source);

 private:
  Executor& executor_;
  OutputTarget& output_;
  Observer& observer_;
  RunOptions options_;
};

}  // namespace errand
