// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "errand/plan/plan.h"

namespace errand::task_file {

enum class Relation : std::uint8_t {
  needs,
  has,
  is_in,
  serves,      // a service runs until what needs it has ended
  runs_after,  // a task that waits for all others in its group
};

// One task of a cycle, and what makes it wait for the next one (the last for the first).
struct CycleStep {
  TaskId task = 0;
  Relation relation = Relation::needs;
};
// Begins with its first task in file order that needs the next; never empty.
using Cycle = std::vector<CycleStep>;

// Cycles among the needs, through groups too: who needs a group waits for all its tasks, and what a
// group needs all its tasks wait for. A service ends after those that need it; a task that is
// marked in `late` starts after all in its group that have `when: on_success`. Without the needs
// that close them there is none left; at most `count_max` are looked for. Linear in tasks and needs
// for each cycle found.
std::vector<Cycle> find_cycles(std::span<const Task> tasks, const std::vector<bool>& late,
                               std::size_t count_max);

// "a needs b needs a"; "build needs lint, which has lint/x, which needs build".
std::string describe(const Cycle& cycle, std::span<const Task> tasks);

}  // namespace errand::task_file
