// SPDX-License-Identifier: Apache-2.0
#include "errand/base/exit_status.h"

#include <cstring>

namespace errand {

std::string signal_name(int number) {
  if (const char* name = ::sigabbrev_np(number)) return std::string("SIG") + name;
  return "signal " + std::to_string(number);
}

std::string ExitStatus::text() const {
  return signaled_ ? "killed by " + signal_name(number_) : "exit " + std::to_string(number_);
}

}  // namespace errand
