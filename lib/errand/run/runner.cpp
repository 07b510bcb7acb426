// SPDX-License-Identifier: Apache-2.0
#include "errand/run/runner.h"

#include <algorithm>

#include "errand/run/execution.h"

namespace errand {
unsigned resolve_jobs(const Jobs& jobs, unsigned processors) {
  switch (jobs.kind) {
    case Jobs::Kind::count:
      return jobs.value;
    case Jobs::Kind::percent:
      return std::max(1U, processors * jobs.value / 100);
    case Jobs::Kind::automatic:
      return std::max(1U, processors);
    case Jobs::Kind::unlimited:
      return 0;
  }
  return 0;
}

Runner::Runner(Executor& executor, OutputTarget& output, Observer& observer, RunOptions options)
    : executor_(executor), output_(output), observer_(observer), options_(std::move(options)) {}

awaitable<RunEnded> Runner::run(Context context, Context force_stop, const Plan& plan) {
  detail::Execution run(executor_, output_, observer_, options_, std::move(context),
                        std::move(force_stop));
  co_return co_await run.run(plan);
}

awaitable<RunEnded> Runner::run_stream(Context context, Context force_stop, const Task& root,
                                       TaskSource& source) {
  detail::Execution run(executor_, output_, observer_, options_, std::move(context),
                        std::move(force_stop));
  co_return co_await run.run_stream(root, source);
}

}  // namespace errand
