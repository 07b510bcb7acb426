// SPDX-License-Identifier: Apache-2.0
//
// Terminals: one of its own for a process, and ours, lent to one.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "errand/base/result.h"
#include "errand/io/unique_fd.h"

namespace errand {

struct Terminal {
  UniqueFd
      ours;  // what is written on the terminal is read here, and EIO at its end; does not block
  UniqueFd theirs;   // the terminal
  std::string name;  // what /proc calls it
};
// As large as our own terminal, else 80x24. Newlines come as they were written. With `ended`
// whoever reads from it finds its end, once. Both descriptors are CLOEXEC and not below 3.
Result<Terminal> make_terminal(bool ended);

// The foreground of our controlling terminal, lent to one process group, as a shell lends it.
// SIGTTOU is blocked meanwhile, so that we go on writing. The destructor takes it back.
class ForegroundLoan {
 public:
  // None where we have no terminal. Nothing is lent while we are in the background ourselves.
  static std::unique_ptr<ForegroundLoan> offer();
  ~ForegroundLoan();
  ForegroundLoan(const ForegroundLoan&) = delete;
  ForegroundLoan& operator=(const ForegroundLoan&) = delete;

  // The terminal, for the child to make its group the foreground one; -1: nothing is lent.
  int descriptor() const { return lent_ ? terminal_.get() : -1; }
  enum class Modes : std::uint8_t {
    keep,     // as the group has left them: it has ended by itself
    restore,  // as they were before
  };
  // No effect when nothing is lent.
  void take_back(Modes modes);
  // To a group that was stopped, with the modes it had; no effect while we are in the background.
  void lend_again(pid_t group);

 private:
  explicit ForegroundLoan(UniqueFd terminal) : terminal_(std::move(terminal)) {}
  bool begin();
  UniqueFd terminal_;
  termios ours_{}, theirs_{};
  bool had_modes_ = false;  // theirs_
  bool was_blocked_ = false;
  bool lent_ = false;
};

}  // namespace errand
