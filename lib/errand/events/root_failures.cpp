// SPDX-License-Identifier: Apache-2.0
#include "errand/events/root_failures.h"

namespace errand {

bool RootCauseFilter::add(const TaskEnded& ended) {
  if (ended.task->is_group && groups_.contains(ended.task->id)) return false;
  if (!plan_) return true;
  for (TaskId group = ended.task->parent; group != 0; group = plan_->task(group).parent) {
    if (!groups_.insert(group).second) break;
  }
  return true;
}

}  // namespace errand
