// SPDX-License-Identifier: Apache-2.0
//
// The run as one JSON object: schema/report.schema.json.
#include "errand/events/json_fields.h"
#include "errand/report/render.h"

namespace errand {
namespace {

constexpr int kVersion = 1;

// Null where there is no end yet.
void add_end(JsonText& to, bool ended, TaskState state, std::string_view cause,
             const std::optional<ExitStatus>& status) {
  if (ended) return add_outcome(to, state, cause, status);
  to.key("status").null().member("cause", kUnfinishedText);
}

void add_run(JsonText& to, const RunRecord& run) {
  to.begin_object().member("id", run.id).member("name", run.name);
  to.member("mode", to_string(run.mode));
  add_end(to, run.ended, run.state, run.cause, std::nullopt);
  to.key("exit_status");
  if (run.ended) {
    to.value(run.exit_status);
  } else {
    to.null();
  }
  to.member("started", rfc3339(run.started)).member("duration", run.duration);
  add_trace(to, run.trace);
  to.end_object();
}

void add_attempt(JsonText& to, const AttemptRecord& attempt, const RunRecord& run) {
  const auto began = run.started + std::chrono::duration_cast<WallTime::duration>(attempt.began);
  to.begin_object().member("attempt", attempt.number).member("slot", attempt.slot);
  if (attempt.hedge) to.member("hedge", true);
  if (!attempt.span_id.empty()) to.member("span_id", attempt.span_id);
  to.member("started", rfc3339(began)).member("duration", attempt.duration);
  add_end(to, attempt.ended, attempt.state, attempt.cause, attempt.status);
  to.key("rusage");
  add_usage(to, attempt.usage);
  to.member("last_lines", attempt.last_lines).end_object();
}

void add_task(JsonText& to, const TaskRecord& task, const RunRecord& run) {
  to.begin_object().member("name", task.name);
  if (task.group) {
    to.member("group", true);
  } else {
    to.member("command", task.command);
  }
  if (!task.needs.empty()) {
    to.key("needs").begin_array();
    for (const std::size_t need : task.needs) to.value(run.tasks[need].name);
    to.end_array();
  }
  add_end(to, task.ended, task.state, task.cause, task.status);
  to.member("first_failure", task.first_failure);
  to.member("flaky", task.flaky).member("allowed", task.allowed);
  if (task.excluded) to.member("excluded", true);
  if (!task.succeeded_in.empty()) to.member("succeeded_in", task.succeeded_in);
  if (!task.same_as.empty()) to.member("same_as", task.same_as);
  to.member("duration", task.duration).member("last_lines", task.last_lines);
  to.key("attempts").begin_array();
  for (const AttemptRecord& attempt : task.attempts) add_attempt(to, attempt, run);
  to.end_array().end_object();
}

}  // namespace

void render_json(const RunRecord& run, const TextSink& sink) {
  ReportText out(sink);
  out << "{\"version\":" << std::to_string(kVersion) << ",\n\"run\":";
  JsonText head(out.text());
  add_run(head, run);
  out << ",\n\"tasks\":[";
  std::string_view separator = "\n";
  for (const TaskRecord& task : run.tasks) {
    out << separator;
    JsonText object(out.text());
    add_task(object, task, run);
    separator = ",\n";
  }
  out << "\n]}\n";
}

}  // namespace errand
