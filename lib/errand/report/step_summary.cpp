// SPDX-License-Identifier: Apache-2.0
#include "errand/report/step_summary.h"

#include <string_view>

#include "errand/report/escape_text.h"

namespace errand {
namespace {

// Text in a cell of a table, where neither Markdown nor HTML means anything.
std::string cell(std::string_view text) {
  constexpr std::size_t kColumnsMax = 300;
  std::string escaped;
  for (const char c : shorten(escape_text(text), kColumnsMax)) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|~#!").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string_view words(TaskState state) {
  return state == TaskState::timed_out ? "timed out" : to_string(state);
}

constexpr std::string_view kTableHead =
    "| task | state | duration | attempts | why |\n| --- | --- | ---: | ---: | --- |\n";

}  // namespace

void StepSummary::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) name_ = started->name;
  if (const auto* task = std::get_if<TaskEnded>(&event.kind)) add(*task);
  if (const auto* run = std::get_if<RunEnded>(&event.kind)) ended_ = *run;
}

void StepSummary::add(const TaskEnded& ended) {
  if (ended.task->is_group) return;
  ++states_[static_cast<std::size_t>(ended.state)];
  const bool failed = ended.state == TaskState::failed || ended.state == TaskState::timed_out;
  Rows& rows = !failed ? others_ : ended.allowed ? warned_ : failed_;
  ++rows.count;
  if (rows.text.size() > kBytesMax) return;
  std::string state(words(ended.state));
  if (failed && !ended.allowed) state = "**" + state + "**";
  if (ended.allowed) state += " (allowed)";
  if (ended.flaky) state += " (flaky)";
  const std::string duration = ended.attempts > 0 ? format_duration(ended.duration) : "";
  const std::string why = ended.state == TaskState::succeeded ? "" : ended.error.message();
  rows.text += "| " + cell(ended.task->full_name) + " | " + state + " | " + duration + " | " +
               std::to_string(ended.attempts) + " | " + cell(why) + " |\n";
}

std::string StepSummary::heading() const {
  std::string counts;
  for (std::size_t state = 0; state < states_.size(); ++state) {
    if (states_[state] == 0) continue;
    counts += (counts.empty() ? "" : ", ") + std::to_string(states_[state]) + " " +
              std::string(words(static_cast<TaskState>(state)));
  }
  if (counts.empty()) counts = "no tasks";
  std::string text = "### errand: " + cell(name_) + ": " + std::string(words(ended_.state)) +
                     " in " + format_duration(ended_.duration) + "\n\n" + counts + "\n";
  if (ended_.error) text += "\n" + cell(ended_.error.message()) + "\n";
  return text + "\n";
}

std::string StepSummary::text(std::size_t bytes_max) const {
  constexpr std::size_t kLastLineBytes = 100;
  std::string text = heading();
  std::size_t left = failed_.count + warned_.count + others_.count;
  if (left > 0) text += kTableHead;
  if (text.size() + kLastLineBytes > bytes_max) return {};
  for (const Rows* rows : {&failed_, &warned_, &others_}) {
    std::string_view rest = rows->text;
    while (!rest.empty()) {
      const std::size_t size = rest.find('\n') + 1;
      if (text.size() + size + kLastLineBytes > bytes_max) break;
      text += rest.substr(0, size);
      rest.remove_prefix(size);
      --left;
    }
  }
  if (left > 0) text += "\nand " + std::to_string(left) + " more tasks\n";
  return text + "\n";
}

}  // namespace errand
