// SPDX-License-Identifier: Apache-2.0
//
// What is known of earlier runs for tasks that hedge after a percentile.
#pragma once

#include <string>
#include <vector>

#include "errand/events/latencies.h"
#include "errand/plan/plan.h"

namespace errand::cmd {

// Its percentile, where that is what the task's hedge waits for.
const Percentile* hedge_percentile(const Task& task);

// Of the plan's tasks that have one, from the kept runs of the file at `origin`. Reads nothing
// where no task has one.
Durations hedge_history(const Plan& plan, const Origin& origin);

// "hedged after 2.3s (p95 of 12 earlier attempts)",
// "not hedged yet (p95 needs 5 earlier attempts, found 3)".
std::string hedge_text(const Task& task, Percentile percentile, const Durations& history);
// The same for each of the plan's tasks that have one, "task 'a' is …"; for -v.
std::vector<std::string> hedge_lines(const Plan& plan, const Durations& history);
// Why such tasks cannot be hedged in this run, nor in later ones like it; empty: they can, or there
// are none.
std::string no_hedge_note(const Plan& plan, const Origin& origin, bool has_journal);

}  // namespace errand::cmd
