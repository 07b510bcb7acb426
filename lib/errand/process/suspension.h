// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <utility>
#include <vector>

#include "errand/concurrency/event.h"
#include "errand/process/reaper.h"

namespace errand {

// From suspend() to resume().
struct Reaper::Suspension {
  // How long a process has to stop after the polite signal, as an errand among them needs.
  static constexpr Duration kStopTime = std::chrono::seconds(1);

  Suspension(Runtime& runtime, std::function<void()> on_stopped);
  void begin(std::vector<pid_t> leaders);
  // Has everybody stopped by now?
  void check_stopped();
  void end();
  void send_sigstop();
  void notify_stopped();

  Runtime& runtime;
  const TimePoint began;  // of real time
  std::vector<pid_t> groups;
  std::function<void()> stopped;
  bool sigstop_sent = false;  // SIGSTOP was sent
  Timer timer;
  Event ended;
};

}  // namespace errand
