// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/signal_set.hpp>
#include <functional>
#include <utility>

#include "errand/process/reaper.h"

namespace errand::cmd {

// Ctrl-Z: SIGTSTP stops the tasks and then errand, as a shell expects of a job; SIGCONT (`fg`) lets
// both go on. Where SIGTSTP was ignored when errand started it stays ignored.
class JobControl {
 public:
  explicit JobControl(Reaper& reaper);
  // Called before errand stops, when the tasks have.
  void before_stop(std::function<void()> call) { before_stop_ = std::move(call); }

 private:
  void listen();

  Reaper& reaper_;
  std::function<void()> before_stop_;
  asio::signal_set set_;
};

}  // namespace errand::cmd
