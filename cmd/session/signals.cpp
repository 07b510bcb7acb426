// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "errand/events/failure.h"

namespace errand::cmd {

bool is_ignored(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

Signals::Signals(Runtime& runtime)
    : Signals(with_cancel(Context::background(runtime)),
              with_cancel(Context::background(runtime))) {}

Signals::Signals(std::pair<Context, CancelFn> run, std::pair<Context, CancelFn> force_stop)
    : run_(std::move(run.first)),
      cancel_run_(std::move(run.second)),
      force_stop_(std::move(force_stop.first)),
      cancel_force_stop_(std::move(force_stop.second)),
      set_(run_.runtime().executor()) {
  for (const int signal : kCancelingSignals) {
    if (!is_ignored(signal)) set_.add(signal);
  }
  listen();
}

void Signals::listen() {
  set_.async_wait([this](const std::error_code& error, int signal) {
    if (error) return;
    if (received_ != 0) cancel_force_stop_(Error::make(SignalReceived{signal}));
    if (received_ == 0) {
      received_ = signal;
      received_at_ = run_.runtime().now();
    }
    cancel_run_(Error::make(SignalReceived{signal}));
    listen();
  });
}

int die_of(int signal) {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  if (::getpid() != 1) ::kill(::getpid(), signal);
  return 128 + signal;
}

namespace {

// A closed descriptor is replaced by one that is open and good for nothing, so that no file is
// opened under its number, while reading and writing fail for errand and its tasks as if it were
// still closed. "/" exists even where there is no /dev/null.
void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one.
    [[maybe_unused]] const int opened = ::open("/", O_PATH);
  }
}

// Caught and not ignored: exec gives tasks the default back.
void turn_into_error(int signal) {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

// A mask that the parent left must not make errand deaf.
void unblock_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGTSTP, SIGCONT}) {
    ::sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

void prepare_process() {
  open_standard_descriptors();
  if (!is_ignored(SIGPIPE)) turn_into_error(SIGPIPE);
  turn_into_error(SIGXFSZ);
  unblock_signals();
}

}  // namespace errand::cmd
