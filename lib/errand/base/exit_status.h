// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace errand {

// What wait() told us about a process.
class ExitStatus {
 public:
  static ExitStatus exited(int code) { return ExitStatus(code, false); }
  static ExitStatus signaled(int number) { return ExitStatus(number, true); }

  bool success() const { return !signaled_ && number_ == 0; }
  bool by_signal() const { return signaled_; }
  int number() const { return number_; }  // exit code or signal number
  // As a shell tells it: the exit code, or 128 + the signal's number.
  int shell_code() const { return signaled_ ? 128 + number_ : number_; }
  // "exit 2" or "killed by SIGTERM".
  std::string text() const;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;

 private:
  ExitStatus(int number, bool signaled) : number_(number), signaled_(signaled) {}
  int number_;
  bool signaled_;
};

// "SIGTERM" for 15; "signal 40" where there is no name.
std::string signal_name(int number);

}  // namespace errand
