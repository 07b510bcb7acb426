// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cmd/session/log.h"
#include "errand/events/events.h"

namespace errand::cmd {

// Notes every event of a run in a log, which outlives it.
class RunLog final : public Observer {
 public:
  explicit RunLog(Log& log) : log_(log) {}
  void on(const RunEvent& event) override;

 private:
  Log& log_;
};

}  // namespace errand::cmd
