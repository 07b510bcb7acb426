// SPDX-License-Identifier: Apache-2.0
#include "errand/report/summary.h"

#include <algorithm>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/events/task_text.h"
#include "errand/report/rerun.h"

namespace errand {
namespace {

std::string tasks_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " task" : " tasks");
}

std::string padded(std::string text, std::size_t columns) {
  text.append(columns - std::min(columns, text_columns(text)), ' ');
  return text;
}

// Texts in as many columns as fit, to be read downwards.
std::vector<std::string> in_columns(const std::vector<std::string>& texts, std::size_t width) {
  constexpr std::size_t kGap = 2;
  std::size_t widest = 0;
  for (const std::string& text : texts) widest = std::max(widest, text_columns(text));
  const std::size_t columns = std::max<std::size_t>(1, width / (widest + kGap));
  const std::size_t rows = (texts.size() + columns - 1) / columns;
  std::vector<std::string> lines(rows);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool is_last = i + rows >= texts.size();
    lines[i % rows] += std::string(kGap, ' ') + (is_last ? texts[i] : padded(texts[i], widest));
  }
  return lines;
}

}  // namespace

void Summary::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    open_.begin(started->plan);
    is_stream_ = started->plan == nullptr;
    mode_ = started->mode;
    origin_ = started->origin;
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    count(*task);
  } else if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) {
    record(*attempt);
  } else if (const auto* notice = std::get_if<Notice>(&event.kind)) {
    record(*notice);
  } else if (const auto* run = std::get_if<RunEnded>(&event.kind)) {
    FailureList lost;
    failures_ = open_.end_run(*run, lost);
    drop(lost);
    print(*run);
  }
}

// ---- as things happen

void Summary::count(const TaskEnded& ended) {
  const bool failed = is_failure(ended.state);
  if (failed && ended.allowed) warnings_.add(task_result_line(ended, options_.color));
  if (ended.task->is_group) {
    const auto end = open_.end_group(ended);
    drop(end.dropped);
    if (end.is_news) add_failure(ended);
    return;
  }
  if (failed && !ended.allowed) add_failure(ended);
  ++tasks_;
  ++states_[static_cast<std::size_t>(ended.state)];
  if (ended.flaky) {
    const std::string cause = escape_text(ended.flaky_cause.message());
    flaky_.add(*ended.task, "attempt " + std::to_string(ended.attempts) +
                                (cause.empty() ? "" : "; the first: " + cause));
  }
  if (ended.allowed) ++allowed_[static_cast<std::size_t>(ended.state)];
  const std::string cause = escape_text(ended.error.message());
  if (ended.state == TaskState::canceled) canceled_.add(cause);
  if (ended.state == TaskState::skipped) skipped_.add(cause);
  const bool is_left =
      ended.state == TaskState::canceled || (ended.state == TaskState::skipped && !ended.excluded);
  if (is_left) ++never_started_;
}

// They have failed, but their group has succeeded all the same.
void Summary::drop(const FailureList& lost) {
  for (const TaskState state : {TaskState::failed, TaskState::timed_out}) {
    states_[static_cast<std::size_t>(state)] -= lost.count(state);
    lost_ += lost.count(state);
  }
}

void Summary::record(const AttemptEnded& attempt) {
  const Task& task = *attempt.task;
  const bool slow = task.slow_after && attempt.duration >= *task.slow_after;
  if (slow && !task.policy->service) slow_.add(task, format_duration(attempt.duration));
}

void Summary::record(const Notice& notice) {
  if (!notice.task || !notice.text.starts_with(kLeftBehind)) return;
  leaks_.add(escape_text(notice.task->full_name) + ": " + escape_text(notice.text));
}

void Summary::Noted::add(const Task& task, const std::string& what) {
  ++count;
  if (texts.size() < kNamesMax) texts.push_back(escape_text(task.full_name) + " (" + what + ")");
}

void Summary::add_failure(const TaskEnded& ended) {
  FailureList& around = open_.around(*ended.task);
  FailedTask task;
  task.id = ended.task->id;
  task.state = ended.state;
  task.is_group = ended.task->is_group;
  task.decided = ended.first_failure && mode_ == Mode::errgroup;
  task.name = escape_text(ended.task->full_name);
  task.what = shorten(escape_text(ended.error.message()), kLineColumns);
  task.last_lines = last_lines(ended.last_lines, kFirstLinesMax);
  if (options_.log) task.log = options_.log(*ended.task);
  if (around.needs_details(task)) add_details(task, ended);
  around.add(std::move(task), ++failures_seen_);
}

void Summary::add_details(FailedTask& task, const TaskEnded& ended) const {
  task.heading = task_result_line(ended, options_.color);
  task.command = command_text(*ended.task, kCommandColumns);
  task.rerun = ended.task->has_masked_name
                   ? command_again(origin_, "--failed", options_.folder)
                   : rerun_command(origin_, {ended.task->full_name}, options_.folder);
  if (task.rerun.empty() && options_.rerun) task.rerun = options_.rerun(*ended.task);
}

void Summary::Causes::add(std::string text) {
  const auto found = counts.find(text);
  if (found != counts.end()) {
    ++found->second;
  } else if (counts.size() < kCausesMax) {
    counts.emplace(std::move(text), 1);
  } else {
    ++others;
  }
}

// ---- at the end

void Summary::print(const RunEnded& ended) {
  err_.begin_line();
  if (options_.detail == SummaryDetail::full) {
    if (tasks_ > 0 || !ended.error) line(counts_text(ended));
    print_causes("canceled", canceled_);
    print_causes("skipped", skipped_);
    print_noted("flaky", flaky_);
    print_noted("slow", slow_);
    print_warnings();
    print_failures();
    print_continue(ended);
  }
  print_error(ended);
}

std::string Summary::counts_text(const RunEnded& ended) const {
  if (tasks_ == 0) return "nothing to run";
  std::string text;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] == 0) continue;
    const auto state = static_cast<TaskState>(i);
    text += (text.empty() ? ": " : ", ") + std::to_string(states_[i]) + " ";
    text += in_words(state);
    const std::size_t allowed = allowed_[i];
    const bool has_flaky = state == TaskState::succeeded && flaky_.count > 0;
    if (has_flaky) text += " (" + std::to_string(flaky_.count) + " flaky)";
    if (allowed > 0) text += " (" + std::to_string(allowed) + " allowed)";
  }
  if (lost_ > 0) text += (text.empty() ? ": " : ", ") + std::to_string(lost_) + " lost";
  text = tasks_text(tasks_) + text;
  return text + " in " + format_duration(ended.duration);
}

void Summary::print_causes(std::string_view state, const Causes& causes) {
  for (const auto& [cause, count] : causes.counts) {
    line(std::string(state) + ": " + tasks_text(count) + ": " + shorten(cause, kLineColumns));
  }
  if (causes.others > 0) {
    line(std::string(state) + ": " + tasks_text(causes.others) + " for other causes");
  }
}

void Summary::print_noted(std::string_view what, const Noted& noted) {
  if (noted.count == 0) return;
  std::string text = std::string(what) + ": " + tasks_text(noted.count) + ":";
  for (const std::string& one : noted.texts) {
    text += (&one == &noted.texts.front() ? " " : ", ") + one;
  }
  line(text + (noted.count > noted.texts.size() ? ", …" : ""));
}

void Summary::print_warnings() {
  for (const auto& [text, count] : leaks_.counts) line("warning: " + shorten(text, kLineColumns));
  if (leaks_.others > 0) {
    line("warning: " + std::to_string(leaks_.others) + " more left behind, told above");
  }
  for (const auto& [text, count] : warnings_.counts) line("warning: " + text);
  if (warnings_.others > 0) {
    line("warning: " + tasks_text(warnings_.others) + " more failed, which is allowed");
  }
}

void Summary::print_failures() {
  const bool mark_first = failures_.count() > 1;
  for (const FailureList::Distinct& failures : failures_.distinct()) {
    const bool leads = &failures == &failures_.distinct().front();
    print_failure(failures, leads ? kFirstLinesMax : kOtherLinesMax, mark_first);
  }
  if (const std::size_t more = failures_.undescribed(); more > 0) {
    line("and " + std::to_string(more) + (more == 1 ? " more failure" : " more failures"));
  }
}

void Summary::print_failure(const FailureList::Distinct& failures, std::size_t lines_max,
                            bool mark_first) {
  const FailedTask& task = failures.task;
  line(task.heading + (mark_first && task.decided ? ", the first failure" : ""));
  if (!task.command.empty()) line("  command: " + task.command);
  std::string_view rest = last_lines(task.last_lines, lines_max);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line("    " + shorten(plain_line(rest.substr(0, end)), kLineColumns));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!task.log.empty()) line("  log: " + escape_text(task.log));
  if (!task.rerun.empty()) line("  rerun: " + escape_text(task.rerun));
  print_same(failures);
}

// Tasks that failed in the same way: a line for each that has a log, one for all others.
void Summary::print_same(const FailureList::Distinct& failures) {
  std::string others;
  for (const FailureList::Same& same : failures.same) {
    if (same.log.empty()) {
      others += (others.empty() ? "" : ", ") + same.name;
    } else {
      line("  same failure: " + same.name + ", log: " + escape_text(same.log));
    }
  }
  if (!others.empty()) line("  same failure: " + others);
  const std::size_t more = failures.same_count - failures.same.size();
  if (more > 0) line("  same failure: " + tasks_text(more) + " more");
}

// One line that runs what is left: everything that has not succeeded, or only what failed.
void Summary::print_continue(const RunEnded& ended) {
  // What was not read of a stream that failed has not run; one without a task has nothing left.
  const bool has_tasks = std::ranges::any_of(states_, [](std::size_t count) { return count > 0; });
  const bool is_left = never_started_ > 0 || (has_tasks && is_stream_ && mode_ == Mode::errgroup);
  if (!ended.error || (failures_.empty() && !is_left)) return;
  if (!options_.journal || options_.journal().empty()) return;
  std::string option = is_left ? "--resume" : "--failed";
  if (options_.resume_id) option += "=" + options_.resume_id();
  const std::string command = command_again(origin_, option, options_.folder);
  if (!command.empty()) line("continue: " + escape_text(command));
}

void Summary::print_error(const RunEnded& ended) {
  if (!ended.error) return;
  if (!ended.by_tasks || failures_.empty()) {
    line("errand: " + shorten(escape_text(ended.error.message()), kLineColumns));
  }
  print_failed_tasks();
}

void Summary::print_failed_tasks() {
  if (failures_.empty()) return;
  std::vector<std::string> texts;
  for (const auto& [id, text] : failures_.names()) texts.push_back(text);
  if (failures_.count() == 1) return line("errand: " + texts.front());
  line(tasks_text(failures_.count()) + " failed:");
  const bool one_each = texts.size() <= kLinesForEach;
  const std::size_t columns = options_.columns ? options_.columns() : kUsualColumns;
  for (const std::string& text : in_columns(texts, one_each ? 0 : columns)) line(text);
  const std::size_t more = failures_.count() - texts.size();
  if (more == 0) return;
  const std::string journal = options_.journal ? options_.journal() : "";
  line("  and " + std::to_string(more) + " more" +
       (journal.empty() ? "" : ": " + escape_text(journal)));
}

void Summary::line(std::string_view text) { err_.write(std::string(text) + "\n"); }

}  // namespace errand
