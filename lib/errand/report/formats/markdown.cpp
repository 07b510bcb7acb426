// SPDX-License-Identifier: Apache-2.0
//
// The run as GitHub-flavoured Markdown, for comments, wikis and step summaries: failures first.
#include <algorithm>
#include <array>
#include <numeric>

#include "errand/base/escape_text.h"
#include "errand/events/json_text.h"
#include "errand/report/render.h"

namespace errand {
namespace {

constexpr std::size_t kLastLineBytes = 100;
constexpr std::size_t kFailuresMax = 50;  // with their last lines
constexpr std::size_t kColumns = 200;

// Text that is no markup, mentions nobody and refers to no issue: GitHub looks for @name and #1
// when backslashes are long gone, but not across a comment.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : shorten(escape_text(text), kColumns)) {
    constexpr std::string_view kMarkup = "\\`*_{}[]()+!|~";
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else {
      if (kMarkup.find(c) != kMarkup.npos) safe += '\\';
      safe += c;
      if (c == '@' || c == '#') safe += "<!-- -->";
    }
  }
  return safe;
}

std::size_t longest_run(std::string_view text, char of) {
  std::size_t longest = 0, now = 0;
  for (const char c : text) {
    now = c == of ? now + 1 : 0;
    longest = std::max(longest, now);
  }
  return longest;
}

// Nothing inside can end it.
std::string code_block(const std::string& text) {
  const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
  return fence + "text\n" + text + fence + "\n";
}

std::string plain_lines(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += shorten(plain_line(lines.substr(0, end)), kColumns) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

constexpr std::string_view kLost = "lost";

std::string mark_of(bool ended, TaskState state, bool allowed) {
  if (!ended) return "❔ unfinished";
  constexpr std::array<std::string_view, 5> kMarks = {"✅", "❌", "⏰", "🚫", "⏭️"};  // by state
  const std::string_view mark = allowed ? "⚠️" : kMarks[static_cast<std::size_t>(state)];
  return std::string(mark) + " " + std::string(in_words(state)) + (allowed ? " (allowed)" : "");
}

std::string memory_text(std::int64_t bytes) {
  constexpr std::int64_t kMebi = 1 << 20;
  if (bytes == 0) return "";
  return bytes < kMebi ? std::to_string(bytes >> 10) + " KiB"
                       : std::to_string(bytes / kMebi) + " MiB";
}

// Failures, then what else did not go well, then the rest, each in file order.
int rank_of(const TaskRecord& task, const RunRecord& run) {
  if (!task.ended || counts_as_failure(task, run)) return task.first_failure ? 0 : 1;
  if (task.state != TaskState::succeeded || task.flaky) return 2;
  return 3;
}

class Markdown {
 public:
  Markdown(const RunRecord& run, std::size_t bytes_max) : run_(run), bytes_max_(bytes_max) {
    for (const TaskRecord& task : run.tasks) {
      if (!task.group) tasks_.push_back(&task);
    }
    // All of them are in one vector, so their addresses are in file order.
    std::ranges::sort(
        tasks_, {}, [&](const TaskRecord* task) { return std::pair(rank_of(*task, run_), task); });
  }
  std::string text() {
    head();
    if (text_.size() + kLastLineBytes > bytes_max_) return {};
    failures();
    table();
    return std::move(text_);
  }

 private:
  void head() {
    const std::string name = run_.name.empty() ? "errand" : run_.name;
    text_ += "## " + escaped(name) + ": " + mark_of(run_.ended, run_.state, false) + "\n\n";
    std::array<std::size_t, 5> counts = run_.left_out;
    std::size_t unfinished = 0, lost = 0;
    for (const TaskRecord* task : tasks_) {
      if (is_lost(*task, run_)) {
        ++lost;
      } else if (task->ended) {
        ++counts[static_cast<std::size_t>(task->state)];
      } else {
        ++unfinished;
      }
    }
    text_ += std::to_string(count()) + (count() == 1 ? " task" : " tasks");
    std::string_view separator = ": ";
    const auto add = [&](std::size_t count, std::string_view state) {
      if (count == 0) return;
      text_ += std::string(separator) + std::to_string(count) + " " + std::string(state);
      separator = ", ";
    };
    for (std::size_t i = 0; i < counts.size(); ++i) {
      add(counts[i], in_words(static_cast<TaskState>(i)));
    }
    add(lost, kLost);
    add(unfinished, "unfinished");
    text_ += " in " + format_duration(run_.duration) + ". Started " + rfc3339(run_.started) + ".";
    const std::string cause = run_.ended ? run_.cause : std::string(kUnfinishedText);
    if (!cause.empty()) text_ += " " + escaped(cause);
    text_ += "\n";
  }
  void failures() {
    std::size_t reported = 0;
    for (const TaskRecord* task : tasks_) {
      if (!counts_as_failure(*task, run_)) continue;
      if (reported++ == kFailuresMax) break;
      std::string text = "\n### ❌ " + escaped(task->name) + ": " + escaped(task->cause) + "\n\n";
      std::string block = task->command.empty() ? "" : "$ " + task->command + "\n";
      block += plain_lines(task->last_lines);
      if (!block.empty()) text += code_block(block);
      if (text_.size() + text.size() > bytes_max_ / 2) break;
      text_ += text;
    }
  }
  void table() {
    if (tasks_.empty()) return;
    std::string rows =
        "\n| task | result | attempts | time | CPU | memory | why |\n"
        "|---|---|--:|--:|--:|--:|---|\n";
    std::size_t reported = 0;
    for (const TaskRecord* task : tasks_) {
      rows += row_of(*task);
      if (text_.size() + rows.size() + kLastLineBytes > bytes_max_) break;
      text_ += rows;
      rows.clear();
      ++reported;
    }
    if (reported == count()) return;
    text_ += "\nand " + std::to_string(count() - reported) + " more tasks.\n";
  }
  std::size_t count() const {
    return std::accumulate(run_.left_out.begin(), run_.left_out.end(), tasks_.size());
  }
  std::string row_of(const TaskRecord& task) const {
    const Usage usage = usage_of(task);
    std::string state = is_lost(task, run_) ? "➖ " + std::string(kLost)
                                            : mark_of(task.ended, task.state, task.allowed);
    if (task.flaky) state += " (flaky)";
    const std::string flaky = flaky_reason(task);
    const bool ran = !task.attempts.empty();
    return "| " + escaped(task.name) + " | " + state + " | " +
           (ran ? std::to_string(task.attempts.size()) : "") + " | " +
           (ran ? format_duration(task.duration) : "") + " | " +
           (ran ? format_duration(saturating_add(usage.user, usage.system)) : "") + " | " +
           memory_text(usage.rss_bytes_max) + " | " +
           escaped(flaky.empty() ? std::string(cause_of(task)) : flaky) + " |\n";
  }

  const RunRecord& run_;
  const std::size_t bytes_max_;
  std::vector<const TaskRecord*> tasks_;  // without groups, by rank
  std::string text_;
};

}  // namespace

void render_markdown(const RunRecord& run, const TextSink& to, std::size_t bytes_max) {
  to(Markdown(run, bytes_max).text());
}

}  // namespace errand
