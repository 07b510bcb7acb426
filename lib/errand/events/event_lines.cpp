// SPDX-License-Identifier: Apache-2.0
#include "errand/events/event_lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <type_traits>
#include <vector>

#include "errand/base/utf8.h"
#include "errand/events/json_fields.h"
#include "errand/events/task_text.h"
#include "errand/plan/edit/remaining_tasks.h"

namespace errand {
namespace {

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

void add_definition(JsonText& line, const Task& task, Fingerprints& fingerprints) {
  if (task.is_group) {
    line.member("group", true).member("mode", to_string(task.mode));
  } else {
    line.member("command", command_text(task, EventLines::kCommandColumns));
    line.member("fingerprint", hexadecimal(fingerprints.of(task)));
  }
  if (task.policy->service) line.member("service", true);
  if (task.has_masked_name) line.member("masked_name", true);
}

void add_words(JsonText& line, std::string_view key, const std::vector<std::string>& words) {
  const auto is_text = [](const std::string& word) { return valid_utf8(word) == word; };
  if (words.empty() || !std::ranges::all_of(words, is_text)) return;
  line.key(key).begin_array();
  for (const std::string& word : words) line.value(word);
  line.end_array();
}

// A name that would be another one in JSON leads nowhere.
void add_origin(JsonText& line, const Origin& origin) {
  const std::string &folder = origin.folder, &file = origin.file;
  if (folder.empty() || valid_utf8(file) != file || valid_utf8(folder) != folder) return;
  line.member("folder", folder);
  if (!file.empty()) line.member("file", file);
  add_words(line, "task_options", origin.task_options);
  add_words(line, "command", origin.command);
}

}  // namespace

std::string run_cause(const RunEnded& ended) {
  return (ended.error ? ended.error : ended.cause).message();
}

// What is particular to each kind of event.
struct EventLines::Fields {
  EventLines& lines;
  const RunEvent& event;

  JsonText begin(std::string_view name, const Task* task = nullptr) const {
    lines.begin(event, name);
    JsonText line(lines.lines_);
    line.raw("");  // a comma comes next
    if (task) line.member("task", task->full_name).member("id", task->id);
    return line;
  }
  void end() const { lines.lines_ += "}\n"; }

  void operator()(const RunStarted& run) const {
    lines.is_stream_ = run.plan == nullptr;
    lines.fingerprints_ = Fingerprints(run.origin.folder);
    JsonText line = begin("run_started");
    line.member("version", kEventLogVersion).member("id", run.id).member("name", run.name);
    line.member("mode", to_string(run.mode)).member("jobs", run.jobs);
    if (run.plan) line.member("tasks", run.plan->tasks().size() - 1);
    add_trace(line, run.trace);
    add_origin(line, run.origin);
    end();
    if (run.earlier) add_earlier(*run.earlier);
    if (!run.plan) return;
    for (const Task& task : run.plan->tasks().subspan(1)) define(task, *run.plan);
  }
  // In an order that depends on nothing else: what is replayed makes the same lines.
  void add_earlier(const PriorResults& ends) const {
    std::vector<std::uint64_t> succeeded;
    for (const auto& [fingerprint, count] : ends.succeeded) {
      succeeded.insert(succeeded.end(), count, fingerprint);
    }
    const auto list = [](const auto& set) { return std::vector(set.begin(), set.end()); };
    add_earlier(ends, "succeeded", std::move(succeeded));
    add_earlier(ends, "failed", list(ends.failed));
    add_earlier(ends, "failed_names", list(ends.failed_names));
    add_earlier(ends, "known", list(ends.known));
  }
  template <class Value>
  void add_earlier(const PriorResults& ends, std::string_view what,
                   std::vector<Value> values) const {
    constexpr std::size_t kInLine = 1000;
    std::ranges::sort(values);
    for (std::size_t at = 0; at < values.size(); at += kInLine) {
      JsonText line = begin("earlier_ends");
      line.member("run", ends.id).member("what", what).key("tasks").begin_array();
      for (std::size_t i = at; i < std::min(values.size(), at + kInLine); ++i) {
        if constexpr (std::is_same_v<Value, std::string>) {
          line.value(values[i]);
        } else {
          line.value(hexadecimal(values[i]));
        }
      }
      line.end_array();
      end();
    }
  }
  void define(const Task& task, const Plan& plan) const {
    JsonText line = begin("task_planned", &task);
    if (task.parent != 0) line.member("parent", plan.task(task.parent).full_name);
    add_definition(line, task, lines.fingerprints_);
    if (!task.needs.empty()) {
      line.key("needs").begin_array();
      for (const Need& need : task.needs) line.value(plan.task(need.task).full_name);
      line.end_array();
    }
    end();
  }
  void operator()(const TaskReady& ready) const {
    JsonText line = begin("task_ready", ready.task);
    if (lines.is_stream_) add_definition(line, *ready.task, lines.fingerprints_);
    end();
  }
  void operator()(const AttemptStarted& started) const {
    JsonText line = begin("attempt_started", started.task);
    line.member("attempt", started.attempt).member("slot", started.slot);
    if (started.hedge) line.member("hedge", true);
    if (!started.span_id.empty()) line.member("span_id", started.span_id);
    end();
  }
  void operator()(const AttemptEnded& ended) const {
    JsonText line = begin("attempt_ended", ended.task);
    line.member("attempt", ended.attempt);
    add_outcome(line, ended.state, ended.error.message(), ended.status);
    line.member("duration", ended.duration).key("rusage");
    add_usage(line, ended.usage);
    if (!ended.output.pieces.empty()) add_output(line, ended.output);
    if (!ended.last_lines.empty()) line.member("last_lines", ended.last_lines);
    end();
  }
  static void add_output(JsonText& line, const KeptOutput& output) {
    line.key("output").begin_object().key("pieces").begin_array();
    for (const OutputPiece& piece : output.pieces) {
      line.begin_array().value(piece.at).value(piece.size).end_array();
    }
    line.end_array();
    if (output.left_out > 0) line.member("head", output.head).member("left_out", output.left_out);
    line.end_object();
  }
  void operator()(const TaskEnded& ended) const {
    JsonText line = begin("task_ended", ended.task);
    add_outcome(line, ended.state, ended.error.message(), ended.status);
    line.member("attempt_count", ended.attempts).member("first_failure", ended.first_failure);
    line.member("flaky", ended.flaky).member("allowed", ended.allowed);
    if (ended.flaky_cause) line.member("flaky_cause", ended.flaky_cause.message());
    if (ended.excluded) line.member("excluded", true);
    if (!ended.succeeded_in.empty()) line.member("succeeded_in", ended.succeeded_in);
    if (!ended.same_as.empty()) line.member("same_as", ended.same_as);
    line.member("duration", ended.duration).member("last_lines", ended.last_lines);
    end();
  }
  void operator()(const Notice& notice) const {
    JsonText line = begin("notice", notice.task);
    line.member("level", notice.level == Notice::Level::warning ? "warning" : "info");
    line.member("text", notice.text);
    end();
  }
  void operator()(const RunEnded& ended) const {
    JsonText line = begin("run_ended");
    line.member("status", to_string(ended.state)).key("cause").text_or_null(run_cause(ended));
    line.member("exit_status", ended.exit_status);
    if (ended.by_tasks) line.member("by_tasks", true);
    line.member("duration", ended.duration);
    end();
  }
};

std::string_view EventLines::format(const RunEvent& event) {
  lines_.clear();
  std::visit(Fields{*this, event}, event.kind);
  return lines_;
}

void EventLines::begin(const RunEvent& event, std::string_view name) {
  lines_ += "{\"time\":\"";
  lines_ += time_text(event.time);
  JsonText line(lines_ += "\",");
  line.member("since_start", event.since_start).member("event", name);
}

// All but the fraction is made once a second.
std::string_view EventLines::time_text(WallTime time) {
  using std::chrono::floor;
  const auto milliseconds = floor<std::chrono::milliseconds>(time);
  const auto whole = floor<std::chrono::seconds>(milliseconds);
  if (whole.time_since_epoch().count() != second_) {
    second_ = whole.time_since_epoch().count();
    time_ = rfc3339(whole);
  }
  const auto fraction = static_cast<int>((milliseconds - whole).count());
  char* const digits = time_.data() + time_.size() - 4;  // of "678Z"
  digits[0] = static_cast<char>('0' + fraction / 100);
  digits[1] = static_cast<char>('0' + fraction / 10 % 10);
  digits[2] = static_cast<char>('0' + fraction % 10);
  return time_;
}

}  // namespace errand
