// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/scoped_guardian.h"
#include "cmd/print.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "cmd/commands/commands.h"
#include "cmd/session/signals.h"

namespace errand::cmd {
namespace {

Guardian* early_guardian = nullptr;  // for the handler below

// A default action would end us at once, and leave the guardian to whoever inherits it.
void end_early(int signal) {
  early_guardian->end();
  ::_exit(die_of(signal));
}

}  // namespace

void GuardianDeleter::operator()(Guardian* guardian) const {
  block_canceling_signals();
  delete guardian;
}

// Without one errand does as well, as long as nobody kills it.
ScopedGuardian start_guardian(const RunCommand& command) {
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  block_canceling_signals();
  Result<std::unique_ptr<Guardian>> guardian = Guardian::start();
  if (guardian) {
    early_guardian = guardian->get();
    struct sigaction action{};
    action.sa_handler = end_early;
    ::sigfillset(&action.sa_mask);
    for (const int signal : kCancelingSignals) {
      if (!is_ignored(signal)) ::sigaction(signal, &action, nullptr);
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (guardian) return ScopedGuardian(guardian->release());
  if (command.verbose) print_errors({"errand: " + guardian.error().message()});
  return nullptr;
}

void block_canceling_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kCancelingSignals) ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace errand::cmd
