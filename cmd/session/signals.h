// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/signal_set.hpp>
#include <csignal>

#include "errand/concurrency/context.h"

namespace errand::cmd {

inline constexpr int kCancelingSignals[] = {SIGINT, SIGTERM, SIGHUP};

// These signals as causes of cancellation; those that were ignored when errand started
// (nohup, a shell's background job) stay ignored.
class Signals {
 public:
  explicit Signals(Runtime& runtime);
  // Done with SignalReceived as its cause at the first signal.
  const Context& run() const { return run_; }
  // Done at the second one: the grace is over.
  const Context& force_stop() const { return force_stop_; }
  // Ends the run for another reason.
  void cancel(Error cause) { cancel_run_(std::move(cause)); }
  // The first signal's number; 0 when none came.
  int received() const { return received_; }
  // When it came.
  TimePoint received_at() const { return received_at_; }

 private:
  Signals(std::pair<Context, CancelFn> run, std::pair<Context, CancelFn> force_stop);
  void listen();

  Context run_;
  CancelFn cancel_run_;
  Context force_stop_;
  CancelFn cancel_force_stop_;
  asio::signal_set set_;
  int received_ = 0;
  TimePoint received_at_;
};

bool is_ignored(int signal);

// Dies of the signal, so that whoever started errand sees it; as process 1, where that is
// impossible, returns what a shell would have reported.
int die_of(int signal);

// Makes errand independent of how its parent left it. Descriptors 0, 1 and 2 are in use; reading or
// writing one that was closed still fails with EBADF. A closed reader and a file over the size
// limit are errors of write() for errand and have their default effect on tasks. The signals that
// stop, continue and end errand are not blocked; ignored ones stay ignored.
void prepare_process();

}  // namespace errand::cmd
