// SPDX-License-Identifier: Apache-2.0
//
// Which conditions a need may have, and which tasks nobody may wait for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/check/draft.h"

namespace errand::task_file {

// Does the task run after everything in its group that has `when: on_success`? One mark for each.
std::vector<bool> find_late_tasks(const Draft& draft);

// What a need waits for when it does not say so.
Condition default_condition(const Task& needed);

// Why `needed` cannot be waited for so; empty when it can.
std::string describe_wrong_condition(const Task& needed, Condition condition);

// Why `from` cannot wait for the late task `late`: it is, or stands in, what runs before that.
// Empty when it can.
std::string describe_late_need(std::span<const Task> tasks, const Task& from, const Task& late);

}  // namespace errand::task_file
