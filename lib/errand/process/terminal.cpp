// SPDX-License-Identifier: Apache-2.0
#include "errand/process/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "errand/process/capture.h"
#include "errand/process/process_tree.h"

namespace errand {
namespace {

constexpr winsize kUsualSize = {24, 80, 0, 0};

winsize our_size() {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) return size;
  }
  return kUsualSize;
}

// TIOCGPTPEER needs no /dev/pts of ours, which a sandbox may hide; kernels before 4.13 need the
// name.
UniqueFd open_peer(int ours) {
  UniqueFd theirs(::ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (theirs) return theirs;
  unsigned number = 0;
  if (::ioctl(ours, TIOCGPTN, &number) != 0) return {};
  const std::string name = "/dev/pts/" + std::to_string(number);
  return UniqueFd(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
}

Error failure() { return Error::system("open a terminal", errno); }

bool in_foreground(int terminal) { return ::tcgetpgrp(terminal) == ::getpgrp(); }

sigset_t terminal_output_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTTOU);
  return set;
}

}  // namespace

Result<Terminal> make_terminal(bool ended) {
  Terminal made;
  made.ours = UniqueFd(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!made.ours) return std::unexpected(failure());
  const int unlock = 0;
  if (::ioctl(made.ours.get(), TIOCSPTLCK, &unlock) != 0) return std::unexpected(failure());
  made.theirs = open_peer(made.ours.get());
  termios modes{};
  if (!made.theirs || ::tcgetattr(made.theirs.get(), &modes) != 0)
    return std::unexpected(failure());
  modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  ::tcsetattr(made.theirs.get(), TCSANOW, &modes);
  const winsize size = our_size();
  ::ioctl(made.theirs.get(), TIOCSWINSZ, &size);
  if (ended && ::write(made.ours.get(), &modes.c_cc[VEOF], 1) != 1) {
    return std::unexpected(failure());
  }
  if (Error error = move_above_stdio(made.ours)) return std::unexpected(std::move(error));
  if (Error error = move_above_stdio(made.theirs)) return std::unexpected(std::move(error));
  made.name = file_link(made.theirs.get());
  return made;
}

std::unique_ptr<ForegroundLoan> ForegroundLoan::offer() {
  UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal || move_above_stdio(terminal)) return nullptr;
  std::unique_ptr<ForegroundLoan> loan(new ForegroundLoan(std::move(terminal)));
  loan->begin();
  return loan;
}

ForegroundLoan::~ForegroundLoan() { take_back(Modes::restore); }

bool ForegroundLoan::begin() {
  if (lent_ || !in_foreground(terminal_.get())) return false;
  if (::tcgetattr(terminal_.get(), &ours_) != 0) return false;
  const sigset_t blocked = terminal_output_signal();
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  was_blocked_ = ::sigismember(&before, SIGTTOU) == 1;
  lent_ = true;
  return true;
}

void ForegroundLoan::take_back(Modes modes) {
  if (!std::exchange(lent_, false)) return;
  ::tcsetpgrp(terminal_.get(), ::getpgrp());
  had_modes_ = ::tcgetattr(terminal_.get(), &theirs_) == 0;
  if (modes == Modes::restore) ::tcsetattr(terminal_.get(), TCSADRAIN, &ours_);
  if (was_blocked_) return;
  const sigset_t unblocked = terminal_output_signal();
  ::pthread_sigmask(SIG_UNBLOCK, &unblocked, nullptr);
}

void ForegroundLoan::lend_again(pid_t group) {
  if (!begin()) return;
  if (had_modes_) ::tcsetattr(terminal_.get(), TCSADRAIN, &theirs_);
  ::tcsetpgrp(terminal_.get(), group);
}

}  // namespace errand
