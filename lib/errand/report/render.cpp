// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"

namespace errand {

void render(ReportKind kind, const RunRecord& run, const OutputReader& output, const TextSink& to) {
  switch (kind) {
    case ReportKind::json:
      return render_json(run, to);
    case ReportKind::junit:
      return render_junit(run, to);
    case ReportKind::html:
      return render_html(run, output, to);
    case ReportKind::markdown:
      return render_markdown(run, to);
    case ReportKind::trace:
      return render_trace(run, to);
    case ReportKind::events:
      return;
  }
}

std::string_view state_name(bool ended, TaskState state) {
  return ended ? to_string(state) : "unfinished";
}

std::string_view cause_of(const TaskRecord& task) {
  return task.ended ? std::string_view(task.cause) : kUnfinishedText;
}

bool is_lost(const TaskRecord& task, const RunRecord& run) {
  return task.ended && is_failure(task.state) && !task.allowed && !counts_as_failure(task, run);
}

std::string flaky_reason(const TaskRecord& task) {
  if (!task.flaky) return {};
  for (const AttemptRecord& attempt : task.attempts) {
    if (!attempt.ended || !is_failure(attempt.state)) continue;
    return "attempt " + std::to_string(attempt.number) + ": " + attempt.cause;
  }
  return {};
}

bool counts_as_failure(const TaskRecord& task, const RunRecord& run) {
  const bool failed = is_failure(task.state);
  if (!task.ended || !failed || task.allowed) return false;
  if (run.ended && run.state == TaskState::succeeded) return false;
  for (auto group = task.parent; group; group = run.tasks[*group].parent) {
    const TaskRecord& around = run.tasks[*group];
    if (around.ended && (around.state == TaskState::succeeded || around.allowed)) return false;
  }
  return true;
}

}  // namespace errand
