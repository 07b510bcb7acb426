// SPDX-License-Identifier: Apache-2.0
#include "errand/events/task_text.h"

#include <string_view>

#include "errand/base/escape_text.h"
#include "errand/shell/shell_quote.h"

namespace errand {
namespace {

constexpr std::string_view kRed = "31", kGreen = "32", kYellow = "33";

std::string painted(std::string_view text, std::string_view code, bool color) {
  if (!color) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string state_text(const TaskEnded& ended, bool color) {
  switch (ended.state) {
    case TaskState::succeeded:
      return painted("ok", kGreen, color);
    case TaskState::failed:
    case TaskState::timed_out:
      return painted(in_words(ended.state), ended.allowed ? kYellow : kRed, color);
    case TaskState::canceled:
    case TaskState::skipped:
      return painted(in_words(ended.state), kYellow, color);
  }
  return {};
}

std::string error_text(const TaskEnded& ended) {
  std::string text = escape_text(ended.error.message());
  // "timed out after 1s" says it already.
  constexpr std::string_view kTimedOut = "timed out ";
  if (ended.state != TaskState::timed_out) return text.empty() ? text : ": " + text;
  if (text.starts_with(kTimedOut)) return " " + text.substr(kTimedOut.size());
  return text.empty() ? text : ": " + text;
}

// How long it took, where that is not what the text is about.
bool shows_duration(const TaskEnded& ended) {
  if (!ended.same_as.empty()) return false;
  if (ended.state == TaskState::succeeded) return true;
  return ended.state == TaskState::failed && (ended.status || ended.task->is_group);
}

std::string first_line(std::string_view script) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!script.empty() && is_blank(script.front())) script.remove_prefix(1);
  while (!script.empty() && is_blank(script.back())) script.remove_suffix(1);
  const auto end = script.find('\n');
  if (end == script.npos) return escape_text(script);
  return escape_text(script.substr(0, end)) + " …";
}

// Texts may be megabytes; a beginning of so many bytes is enough to be cut to `columns`.
std::size_t bytes_looked_at(std::size_t columns) { return 4 * columns + 4; }

// Masked first: what a cut, quotes or escapes have changed would not be found any more.
std::string masked_beginning(std::string_view text, const Masker& masker, std::size_t bytes) {
  if (text.size() <= bytes) return masker.mask(text);
  return masker.mask_beginning(text.substr(0, bytes));
}

std::string run_text(const Run& run, const Masker& masker, std::size_t columns) {
  const std::size_t bytes = bytes_looked_at(columns);
  if (const auto* script = std::get_if<Script>(&run)) {
    return first_line(masked_beginning(script->text, masker, bytes));
  }
  const auto* words = std::get_if<Argv>(&run);
  if (!words) return {};
  std::string text;
  for (const std::string& word : *words) {
    if (text.size() > bytes) break;
    if (!text.empty()) text += " ";
    text += shell_quote_if_needed(masked_beginning(word, masker, bytes));
  }
  return escape_text(text);
}

}  // namespace

std::string task_result_line(const TaskEnded& ended, bool color) {
  std::string text = escape_text(ended.task->full_name) + ": " + state_text(ended, color);
  if (ended.state != TaskState::succeeded) text += error_text(ended);
  if (shows_duration(ended)) text += " in " + format_duration(ended.duration);
  if (!ended.same_as.empty()) text += " (the outcome of " + escape_text(ended.same_as) + ")";
  if (ended.allowed) text += " (allowed)";
  if (ended.flaky) {
    const std::string cause = escape_text(ended.flaky_cause.message());
    text += " (flaky: attempt " + std::to_string(ended.attempts) +
            (cause.empty() ? "" : "; the first: " + cause) + ")";
  }
  return text;
}

std::string command_text(const Task& task, std::size_t columns) {
  const Masker& masker = *task.masker;
  std::string text = run_text(task.run, masker, columns);
  for (const Run& run : task.policy->then) {
    if (text.size() > bytes_looked_at(columns)) break;
    text += ", then " + run_text(run, masker, columns);
  }
  // Once more: a value may stand in several words, or look like a word with its quotes.
  return shorten(masker.mask_message(text), columns);
}

std::string_view last_lines(std::string_view lines, std::size_t count) {
  while (!lines.empty() && lines.back() == '\n') lines.remove_suffix(1);
  std::size_t begin = lines.size();
  while (count-- > 0 && begin != lines.npos && begin > 0) begin = lines.rfind('\n', begin - 1);
  return begin == lines.npos || begin == 0 ? lines : lines.substr(begin + 1);
}

}  // namespace errand
