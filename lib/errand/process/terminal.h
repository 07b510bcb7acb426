// SPDX-License-Identifier: Apache-2.0
//
// Terminals: one of its own for a process, and ours, lent to one.
#pragma once

#include <termios.h>

#include <memory>
#include <string>

#include "errand/base/result.h"
#include "errand/base/unique_fd.h"

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

// The foreground of our controlling terminal, lent to a process group. SIGTTOU is blocked
// meanwhile, so that we go on writing. The destructor takes it back.
class ForegroundLoan {
 public:
  // None where we have no terminal or are not in its foreground ourselves.
  static std::unique_ptr<ForegroundLoan> offer();
  ~ForegroundLoan();
  ForegroundLoan(const ForegroundLoan&) = delete;
  ForegroundLoan& operator=(const ForegroundLoan&) = delete;

  // The terminal, for the child to make its group the foreground one.
  int descriptor() const { return terminal_.get(); }
  // With the modes that it had, where who had it could not restore them itself. The second call
  // does nothing.
  void take_back(bool restore_modes);

 private:
  ForegroundLoan(UniqueFd terminal, const termios& modes);
  UniqueFd terminal_;
  termios modes_;
  bool was_blocked_ = false;
  bool lent_ = true;
};

}  // namespace errand
