// SPDX-License-Identifier: Apache-2.0
#include "errand/report/event_log.h"

#include <nlohmann/json.hpp>

#include "errand/report/json_fields.h"

namespace errand {
namespace {

// Adds to a line what is particular to its kind of event.
struct Fields {
  Json& line;

  void begin(const char* event, const Task* task = nullptr) const {
    line["event"] = event;
    if (task) line["task"] = task->full_name;
  }
  void operator()(const RunStarted& run) const {
    begin("run_started");
    line["version"] = 1;
    line["id"] = run.id;
    line["name"] = run.name;
    line["mode"] = to_string(run.mode);
    line["jobs"] = run.jobs;
    if (run.plan) line["tasks"] = run.plan->tasks().size() - 1;
  }
  void operator()(const TaskReady& ready) const { begin("task_ready", ready.task); }
  void operator()(const AttemptStarted& started) const {
    begin("attempt_started", started.task);
    line["attempt"] = started.attempt;
    line["slot"] = started.slot;
  }
  void operator()(const AttemptEnded& ended) const {
    begin("attempt_ended", ended.task);
    line["attempt"] = ended.attempt;
    add_outcome(line, ended.state, ended.error, ended.status);
    line["duration"] = seconds(ended.duration);
    line["rusage"] = usage_fields(ended.usage);
  }
  void operator()(const TaskEnded& ended) const {
    begin("task_ended", ended.task);
    add_outcome(line, ended.state, ended.error, ended.status);
    line["attempt_count"] = ended.attempts;
    add_ending(line, ended);
  }
  void operator()(const Notice& notice) const {
    begin("notice", notice.task);
    line["level"] = notice.level == Notice::Level::warning ? "warning" : "info";
    line["text"] = notice.text;
  }
  void operator()(const RunEnded& ended) const {
    begin("run_ended");
    line["status"] = to_string(ended.state);
    line["cause"] = run_cause(ended);
    line["exit_status"] = ended.exit_status;
    line["duration"] = seconds(ended.duration);
  }
};

}  // namespace

void EventLog::on(const RunEvent& event) {
  Json line;
  line["time"] = rfc3339(event.time);
  line["since_start"] = seconds(event.since_start);
  std::visit(Fields{line}, event.kind);
  file_.writer().write(to_text(line) + "\n");
}

}  // namespace errand
