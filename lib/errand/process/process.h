// SPDX-License-Identifier: Apache-2.0
//
// One process, owned from spawn to reap.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "errand/base/error.h"
#include "errand/base/exit_status.h"
#include "errand/base/time.h"
#include "errand/base/usage.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/process/capture.h"
#include "errand/process/command.h"
#include "errand/process/reaper.h"

namespace errand {

// How long a process that ended by itself may leave others of its group, or holders of its output,
// behind; and how long these have to go once they have been killed before we close our end.
inline constexpr Duration kLeftoverTime = std::chrono::milliseconds(200);
// After SIGKILL only the kernel can keep a process (a dead disk). We do not wait for that for ever.
inline constexpr Duration kKillTime = std::chrono::seconds(10);

// How a process is asked to end.
struct StopRule {
  std::function<int(const Error& cause)> polite_signal;
  Duration grace{};  // until SIGKILL
};

struct ProcessEnd {
  std::optional<ExitStatus> status;  // none when it never ran
  // Why it never ran (an ExecFailure, or what the system refused), or why its output is not
  // complete.
  Error error;
  bool stopped = false;  // the polite signal, or SIGKILL, was sent to it while its leader lived
  Usage usage;
  Error no_terminal;                 // why it had pipes where it was to have a terminal
  std::vector<std::string> notices;  // "left behind: sleep 300 (pid 7)"
};

// Runs `command` as the leader of a group of its own until nothing of it is left. It ends with its
// leader: what the leader leaves behind has kLeftoverTime to go, then it is killed and told as a
// notice. When `context` is done the whole group gets the polite signal once; what is still there
// after the grace, or once `force_stop` is done, gets SIGKILL, with descendants that left the
// group. Returns as soon as all of it is gone. Nothing is started when `context` is done before.
// `receiver` is not used with Command::Output::inherit and discard.
// lint: outlives: the caller awaits it, with all that is referred to in its own frame or above.
awaitable<ProcessEnd> run_process(Reaper& reaper, Context context, Context force_stop,
                                  const Command& command, const StopRule& rule,
                                  OutputReceiver& receiver);

}  // namespace errand
