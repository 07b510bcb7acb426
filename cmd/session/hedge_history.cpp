// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/hedge_history.h"

#include <algorithm>

#include "cmd/session/environment.h"
#include "errand/journal/attempt_history.h"

namespace errand::cmd {

const Percentile* hedge_percentile(const Task& task) {
  return task.policy->hedge ? std::get_if<Percentile>(&task.policy->hedge->delay) : nullptr;
}

Durations hedge_history(const Plan& plan, const Origin& origin) {
  TaskNames names;
  for (const Task& task : plan.tasks()) {
    if (hedge_percentile(task)) names.insert(task.full_name);
  }
  const std::string runs = names.empty() ? std::string() : runs_folder();
  return runs.empty() ? Durations() : earlier_durations(runs, origin, names);
}

std::string hedge_text(const Task& task, Percentile percentile, const Durations& history) {
  const auto found = history.find(task.full_name);
  const std::size_t count = found == history.end() ? 0 : found->second.size();
  const auto value = task_latencies(percentile, history, task.full_name).value();
  if (value) {
    return "hedged after " + format_duration(*value) + " (" + format(percentile) + " of " +
           std::to_string(count) + " earlier attempts)";
  }
  return "not hedged yet (" + format(percentile) + " needs " + std::to_string(kTaskWarmUp) +
         " earlier attempts, found " + std::to_string(count) + ")";
}

std::vector<std::string> hedge_lines(const Plan& plan, const Durations& history) {
  std::vector<std::string> lines;
  for (const Task& task : plan.tasks()) {
    if (const Percentile* percentile = hedge_percentile(task))
      lines.push_back("task '" + task.full_name + "' is " + hedge_text(task, *percentile, history));
  }
  return lines;
}

std::string no_hedge_note(const Plan& plan, const Origin& origin, bool has_journal) {
  const auto& tasks = plan.tasks();
  const auto found = std::ranges::find_if(tasks, hedge_percentile);
  if (found == tasks.end()) return {};
  const std::string what = "no task is hedged after " + format(*hedge_percentile(*found)) + ": ";
  if (origin.file.empty()) return what + "a task file on standard input has no earlier runs";
  if (runs_folder().empty()) return what + "there is no folder of earlier runs";
  if (!has_journal && hedge_history(plan, origin).empty()) {
    return what + "there are no earlier runs, and with --no-journal there never will be";
  }
  return {};
}

}  // namespace errand::cmd
