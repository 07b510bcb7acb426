// SPDX-License-Identifier: Apache-2.0
//
// The seam to the outside world: where attempts run. A fake stands behind it in tests.
#pragma once

#include <functional>
#include <optional>

#include "errand/base/error.h"
#include "errand/base/exit_status.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/events/events.h"
#include "errand/events/failure.h"
#include "errand/events/output.h"

namespace errand {

struct Attempt {
  const Task* task = nullptr;  // outlives the attempt
  int number = 1;
  int slot = 1;
  std::string run_id;
  std::string traceparent = {};  // for its environment; empty: none
  // Called when the main process has ended by itself, before run() returns: what it left is still
  // being ended. May be empty.
  std::function<void()> exited = {};
};

struct AttemptResult {
  std::optional<ExitStatus> status;  // of the main process; none when it never started
  // Why there is no status ("exec 'nosuch': No such file or directory"), or what went wrong beside
  // it (its output could not be kept). An attempt that was stopped has a status; and an error only
  // where that is why.
  Error error;
  bool out_of_memory = false;  // the kernel has killed it, because memory ran out
  bool stopped = false;        // errand had begun to stop it before it ended
  Usage usage;
  std::vector<std::string> notices;  // for example of a process left behind, see kLeftBehind
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs the attempt to its end. When `context` is done the attempt is stopped: the polite signal
  // (the cause's own where it is a signal, else the task's kill_signal), the task's grace, SIGKILL;
  // when `force_stop` is done the grace is over. Returns only when all of its processes are gone.
  // lint: outlives: the attempt and its output are the runner's, which waits.
  virtual awaitable<AttemptResult> run(Context context, Context force_stop, const Attempt& attempt,
                                       OutputSink& output, Capture capture) = 0;
  // Does the service of this running attempt pass its ready check, an exec or tcp one, now? None
  // says yes; the error says what was wrong with it. Stopped and gone when the context is done.
  // lint: outlives: as above.
  virtual awaitable<Error> probe(Context context, Context force_stop, const Attempt& attempt) = 0;
  // Once, after the last attempt: stops what attempts left behind all the same, and tells of it,
  // a sentence for each.
  virtual awaitable<std::vector<std::string>> close() = 0;
};

}  // namespace errand
