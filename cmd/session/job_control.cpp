// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/job_control.h"

#include <unistd.h>

#include <csignal>

#include "cmd/session/signals.h"

namespace errand::cmd {
namespace {

// Returns when somebody has continued us; at once where the kernel does not stop us, because nobody
// could (process 1, and groups without a shell).
void stop_ourselves() {
  struct sigaction standard{};
  struct sigaction before{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &standard, &before);
  ::kill(::getpid(), SIGTSTP);
  ::sigaction(SIGTSTP, &before, nullptr);
}

}  // namespace

JobControl::JobControl(Reaper& reaper) : reaper_(reaper), set_(reaper.runtime().executor()) {
  if (!is_ignored(SIGTSTP)) set_.add(SIGTSTP);
  listen();
}

void JobControl::listen() {
  set_.async_wait([this](const std::error_code& error, int) {
    if (error) return;
    reaper_.suspend([this] {
      if (before_stop_) before_stop_();
      stop_ourselves();
      reaper_.resume();
    });
    listen();
  });
}

}  // namespace errand::cmd
