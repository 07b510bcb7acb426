// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/run_log.h"

#include <string>

#include "errand/events/task_text.h"

namespace errand::cmd {
namespace {

std::string usage_text(const Usage& usage) {
  return "user " + format_duration(usage.user) + ", system " + format_duration(usage.system) +
         ", " + std::to_string(usage.rss_bytes_max / 1024) + " KB";
}

std::string attempt_text(const Task& task, int attempt) {
  return task.full_name + ": attempt " + std::to_string(attempt);
}

std::string with_reason(const Error& error) { return error ? ": " + error.message() : ""; }

struct EventWriter {
  Log& log;

  void operator()(const RunStarted& run) const {
    const std::string jobs = run.jobs == 0 ? "any number of" : std::to_string(run.jobs);
    const std::string tasks =
        run.plan ? std::to_string(run.plan->tasks().size() - 1) + " tasks and groups"
                 : "tasks as they arrive";
    log.write(LogLevel::info, "run " + run.id + " of '" + run.name +
                                  "' started: " + std::string(to_string(run.mode)) + ", " + jobs +
                                  " jobs, " + tasks);
  }
  void operator()(const TaskReady& ready) const {
    log.write(LogLevel::debug, ready.task->full_name + ": ready");
  }
  void operator()(const AttemptStarted& started) const {
    log.write(LogLevel::debug,
              attempt_text(*started.task, started.attempt) + " starts" +
                  (started.slot > 0 ? " in slot " + std::to_string(started.slot) : std::string()));
  }
  void operator()(const AttemptEnded& ended) const {
    log.write(LogLevel::debug, attempt_text(*ended.task, ended.attempt) + " " +
                                   std::string(in_words(ended.state)) + " after " +
                                   format_duration(ended.duration) + with_reason(ended.error) +
                                   " (" + usage_text(ended.usage) + ")");
  }
  void operator()(const TaskEnded& ended) const {
    const bool well = ended.state == TaskState::succeeded || ended.excluded;
    log.write(well ? LogLevel::info : LogLevel::warning, task_result_line(ended, false));
  }
  void operator()(const Notice& notice) const {
    const std::string who = notice.task ? notice.task->full_name + ": " : "";
    log.write(notice.level == Notice::Level::warning ? LogLevel::warning : LogLevel::info,
              who + notice.text);
  }
  void operator()(const RunEnded& ended) const {
    log.write(ended.state == TaskState::succeeded ? LogLevel::info : LogLevel::warning,
              "run " + std::string(in_words(ended.state)) + " after " +
                  format_duration(ended.duration) + ", exit status " +
                  std::to_string(ended.exit_status) + with_reason(ended.error));
  }
};

}  // namespace

void RunLog::on(const RunEvent& event) { std::visit(EventWriter{log_}, event.kind); }

}  // namespace errand::cmd
