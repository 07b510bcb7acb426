// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_set>

#include "errand/events/events.h"

namespace errand {

// Which failures are news. A group fails because of a task in it, which has been told; or by
// itself, when its time is up.
class RootCauseFilter {
 public:
  // None: the tasks arrive, in one group.
  void begin(const Plan* plan) { plan_ = plan; }
  // Is this failure, which is not allowed, one of its own? Told in the order of the ends.
  bool add(const TaskEnded& ended);

 private:
  const Plan* plan_ = nullptr;
  std::unordered_set<TaskId> groups_;  // explained by a task inside
};

}  // namespace errand
