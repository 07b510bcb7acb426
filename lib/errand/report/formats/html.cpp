// SPDX-License-Identifier: Apache-2.0
//
// The run as one page: html/ is what it looks like, this is what it knows.
#include <algorithm>
#include <vector>

#include "errand/events/json_text.h"
#include "errand/report/html/parts.h"
#include "errand/report/render.h"

namespace errand {
namespace {

// Of all logs together; failures have theirs first.
constexpr std::uint64_t kLogBytesMax = 32 << 20;

std::uint64_t bytes_of(const KeptOutput& output) {
  std::uint64_t sum = 0;
  for (const OutputPiece& piece : output.pieces) sum += piece.size;
  return sum;
}

class Page {
 public:
  Page(const RunRecord& run, const OutputReader& output, ReportText& out)
      : run_(run), output_(output), out_(out), has_log_(run.tasks.size()) {
    if (output_) choose_logs();
  }

  void write_data() {
    out_ << "{\"run\":";
    JsonText head(out_.text());
    add_run(head);
    flush_safe();
    out_ << ",\n\"tasks\":[";
    std::string_view separator = "\n";
    for (std::size_t i = 0; i < run_.tasks.size(); ++i) {
      out_ << separator;
      JsonText object(out_.text());
      add_task(object, i);
      flush_safe();
      separator = ",\n";
    }
    out_ << "],\n";
    JsonText tail(out_.text());
    tail.key("path").begin_array();
    for (const std::size_t index : critical_path(run_)) tail.value(index);
    tail.end_array().key("notices").begin_array();
    for (const NoticeRecord& notice : run_.notices) add_notice(tail, notice);
    tail.end_array();
    flush_safe();
    out_ << "}";
  }

 private:
  // Inside of a script element "<" could end it, or begin a comment.
  void flush_safe() {
    std::string& text = out_.text();
    for (std::size_t at = 0; (at = text.find('<', at)) != text.npos; at += 6) {
      text.replace(at, 1, "\\u003c");
    }
    out_.flush();
  }
  void choose_logs() {
    std::uint64_t left = kLogBytesMax;
    for (const bool failures : {true, false}) {
      for (std::size_t i = 0; i < run_.tasks.size(); ++i) {
        const TaskRecord& task = run_.tasks[i];
        if ((task.state != TaskState::succeeded) != failures) continue;
        std::uint64_t size = 0;
        for (const AttemptRecord& attempt : task.attempts) size += bytes_of(attempt.output);
        if (size > left) continue;
        left -= size;
        has_log_[i] = true;
      }
    }
  }
  void add_run(JsonText& to) const {
    to.begin_object().member("id", run_.id).member("name", run_.name);
    to.member("mode", to_string(run_.mode)).member("jobs", run_.jobs);
    to.member("status", state_name(run_.ended, run_.state));
    to.member("cause", run_.ended ? std::string_view(run_.cause) : kUnfinishedText);
    if (run_.ended) to.member("exit_status", run_.exit_status);
    to.member("started", rfc3339(run_.started)).member("duration", run_.duration);
    if (!run_.trace.trace_id.empty()) to.member("trace_id", run_.trace.trace_id);
    to.end_object();
  }
  void add_task(JsonText& to, std::size_t index) const {
    const TaskRecord& task = run_.tasks[index];
    to.begin_object()
        .member("name", task.name)
        .member("status", is_lost(task, run_) ? "lost" : state_name(task.ended, task.state));
    if (!task.command.empty()) to.member("command", task.command);
    if (!cause_of(task).empty()) to.member("cause", cause_of(task));
    if (task.parent) to.member("parent", *task.parent);
    const auto flag = [&](const char* name, bool is) {
      if (is) to.member(name, true);
    };
    flag("group", task.group);
    flag("service", task.service);
    flag("first", task.first_failure);
    flag("flaky", task.flaky);
    flag("allowed", task.allowed);
    flag("counts", counts_as_failure(task, run_));
    flag("own", task.group && failed_by_itself(index));
    if (!task.same_as.empty()) to.member("same_as", task.same_as);
    if (!task.needs.empty()) {
      to.key("needs").begin_array();
      for (const std::size_t need : task.needs) to.value(need);
      to.end_array();
    }
    if (const auto span = span_of(task, run_)) {
      to.member("began", span->began).member("ended", span->ended);
      to.member("duration",
                task.ended ? task.duration : saturating_subtract(span->ended, span->began));
    }
    if (!task.last_lines.empty()) to.member("last_lines", task.last_lines);
    if (!task.attempts.empty()) add_attempts(to, index);
    to.end_object();
  }
  // No task in it tells of it.
  bool failed_by_itself(std::size_t group) const {
    if (!counts_as_failure(run_.tasks[group], run_)) return false;
    for (std::size_t i = group + 1; i < run_.tasks.size(); ++i) {
      auto up = run_.tasks[i].parent;
      while (up && *up > group) up = run_.tasks[*up].parent;
      if (up == group && counts_as_failure(run_.tasks[i], run_)) return false;
    }
    return true;
  }
  void add_attempts(JsonText& to, std::size_t index) const {
    to.key("tries").begin_array();
    for (const AttemptRecord& attempt : run_.tasks[index].attempts) {
      const Duration so_far = saturating_subtract(run_.duration, attempt.began);
      to.begin_object().member("number", attempt.number).member("slot", attempt.slot);
      if (attempt.hedge) to.member("hedge", true);
      to.member("status", state_name(attempt.ended, attempt.state));
      if (!attempt.cause.empty()) to.member("cause", attempt.cause);
      if (!attempt.span_id.empty()) to.member("span_id", attempt.span_id);
      to.member("began", attempt.began);
      to.member("duration", attempt.ended ? attempt.duration : so_far);
      const Usage& usage = attempt.usage;
      to.key("usage").begin_array().value(usage.user).value(usage.system);
      to.value(usage.rss_bytes_max).value(usage.voluntary_switches);
      to.value(usage.involuntary_switches).end_array();
      if (has_log_[index] && !attempt.output.pieces.empty()) add_output(to, attempt.output);
      to.end_object();
    }
    to.end_array();
  }
  void add_output(JsonText& to, const KeptOutput& output) const {
    std::string head, tail;
    for (std::size_t i = 0; i < output.pieces.size(); ++i) {
      (output.left_out == 0 || i < output.head ? head : tail) += output_(output.pieces[i]);
    }
    to.key("output").begin_object().member("head", head);
    if (output.left_out > 0) to.member("left_out", output.left_out).member("tail", tail);
    to.end_object();
  }
  static void add_notice(JsonText& to, const NoticeRecord& notice) {
    to.begin_object().member("at", notice.at).member("text", notice.text);
    if (!notice.task.empty()) to.member("task", notice.task);
    if (notice.level == Notice::Level::warning) to.member("warning", true);
    to.end_object();
  }

  const RunRecord& run_;
  const OutputReader& output_;
  ReportText& out_;
  std::vector<bool> has_log_;
};

}  // namespace

void render_html(const RunRecord& run, const OutputReader& output, const TextSink& sink) {
  ReportText out(sink);
  std::string_view page = html_page();
  const auto until = [&](std::string_view mark) {
    const std::size_t at = page.find(mark);
    out << page.substr(0, at);
    page.remove_prefix(at + mark.size());
  };
  until("@style@");
  out << html_style();
  until("@data@");
  out.flush();
  Page(run, output, out).write_data();
  until("@script@");
  out << html_script() << page;
}

}  // namespace errand
