// SPDX-License-Identifier: Apache-2.0
#include "errand/console/file_order.h"

#include <utility>

namespace errand {

void FileOrder::begin(const Plan& plan) {
  for (const Task& task : plan.tasks()) {
    if (!task.is_group) add(task.id);
  }
}

std::optional<TaskId> FileOrder::next() const {
  return order_.empty() ? std::nullopt : std::optional(order_.front());
}

std::optional<EndedBlock> FileOrder::take() {
  const auto found = order_.empty() ? ended_.end() : ended_.find(order_.front());
  if (found == ended_.end()) return std::nullopt;
  EndedBlock block = std::move(found->second);
  ended_.erase(found);
  return block;
}

}  // namespace errand
