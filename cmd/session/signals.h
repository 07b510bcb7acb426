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

 private:
  Signals(std::pair<Context, CancelFn> run, std::pair<Context, CancelFn> force_stop);
  void listen();

  Context run_;
  CancelFn cancel_run_;
  Context force_stop_;
  CancelFn cancel_force_stop_;
  asio::signal_set set_;
  int received_ = 0;
};

bool is_ignored(int signal);

// Dies of the signal, so that whoever started errand sees it; as process 1, where that is
// impossible, returns what a shell would have reported.
int die_of(int signal);

// Puts what every program of a shell may rely on in place: descriptors 0, 1 and 2 are open, and a
// closed reader is an error of write(), for errand but not for its tasks.
void prepare_process();

}  // namespace errand::cmd
