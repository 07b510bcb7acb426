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

std::string_view last_of(std::string_view lines) {
  while (!lines.empty() && lines.back() == '\n') lines.remove_suffix(1);
  return lines.substr(lines.rfind('\n') + 1);
}

}  // namespace

void Summary::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    root_cause_filter_.begin(started->plan);
    mode_ = started->mode;
    origin_ = started->origin;
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    count(*task);
  } else if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) {
    record(*attempt);
  } else if (const auto* notice = std::get_if<Notice>(&event.kind)) {
    record(*notice);
  } else if (const auto* run = std::get_if<RunEnded>(&event.kind)) {
    print(*run);
  }
}

// ---- as things happen

void Summary::count(const TaskEnded& ended) {
  const bool failed = is_failure(ended.state);
  if (failed && !ended.allowed) {
    if (root_cause_filter_.add(ended)) add_failure(ended);
  } else if (failed) {
    warnings_.add(task_result_line(ended, options_.color));
  }
  if (ended.task->is_group) return;
  ++tasks_;
  ++states_[static_cast<std::size_t>(ended.state)];
  if (ended.flaky) flaky_.add(*ended.task, "attempt " + std::to_string(ended.attempts));
  if (ended.allowed) ++allowed_[static_cast<std::size_t>(ended.state)];
  const std::string cause = escape_text(ended.error.message());
  if (ended.state == TaskState::canceled) canceled_.add(cause);
  if (ended.state == TaskState::skipped) skipped_.add(cause);
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
  ++failures_count_;
  if (failed_names_.size() <= kRerunNamesMax) failed_names_.push_back(ended.task->full_name);
  failed_masked_name_ |= ended.task->has_masked_name;
  const bool first = ended.first_failure && mode_ == Mode::errgroup &&
                     (failures_.empty() || !failures_.front().first);
  const std::string_view last_line = last_of(ended.last_lines);
  std::string key = std::string(to_string(ended.state)) + '\n' + ended.error.message() + '\n';
  key += plain_line(last_line);
  auto found = std::find_if(failures_.begin(), failures_.end(),
                            [&](const Failures& failures) { return failures.key == key; });
  if (found == failures_.end() && failures_.size() >= kDistinctMax && !first) {
    ++other_failures_;
    return;
  }
  if (found == failures_.end()) {
    found = failures_.insert(failures_.end(), describe(ended));
    found->key = std::move(key);
  } else if (first) {
    // The one that decided stands for all that are equal to it.
    Failures decisive = describe(ended);
    decisive.names = std::move(found->names);
    decisive.count = found->count;
    decisive.key = std::move(key);
    *found = std::move(decisive);
  }
  ++found->count;
  if (found->names.size() < kNamesMax) found->names.push_back(escape_text(ended.task->full_name));
  if (!first) return;
  found->first = true;
  std::rotate(failures_.begin(), found, found + 1);
}

Summary::Failures Summary::describe(const TaskEnded& ended) const {
  Failures failures;
  failures.heading = task_result_line(ended, options_.color);
  failures.command = command_text(*ended.task, kCommandColumns);
  failures.last_lines = last_lines(ended.last_lines, kFirstLinesMax);
  failures.rerun = ended.task->has_masked_name
                       ? rerun_failed_command(origin_, options_.folder)
                       : rerun_command(origin_, {ended.task->full_name}, options_.folder);
  if (failures.rerun.empty() && options_.rerun) failures.rerun = options_.rerun(*ended.task);
  if (options_.log) failures.log = options_.log(*ended.task);
  return failures;
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
  const bool mark_first = failures_count_ > 1;
  for (const Failures& failures : failures_) {
    const bool leads = &failures == &failures_.front();
    print_failure(failures, leads ? kFirstLinesMax : kOtherLinesMax, mark_first);
  }
  if (other_failures_ > 0) {
    line("and " + std::to_string(other_failures_) +
         (other_failures_ == 1 ? " more failure" : " more failures"));
  }
  const bool several = failed_names_.size() > 1 && failed_names_.size() <= kRerunNamesMax;
  const std::string all = failed_masked_name_
                              ? rerun_failed_command(origin_, options_.folder)
                              : rerun_command(origin_, failed_names_, options_.folder);
  if (!several || all.empty()) return;
  line("rerun all " + std::to_string(failed_names_.size()) + ": " + escape_text(all));
}

void Summary::print_failure(const Failures& failures, std::size_t lines_max, bool mark_first) {
  std::string heading = failures.heading;
  if (failures.count > 1) {
    heading += " (" + tasks_text(failures.count) + ":";
    for (const std::string& name : failures.names) {
      heading += (&name == &failures.names.front() ? " " : ", ") + name;
    }
    heading += failures.count > failures.names.size() ? ", …)" : ")";
  }
  if (mark_first && failures.first) heading += ", the first failure";
  line(heading);
  if (!failures.command.empty()) line("  command: " + failures.command);
  std::string_view rest = last_lines(failures.last_lines, lines_max);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line("    " + shorten(plain_line(rest.substr(0, end)), kLineColumns));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!failures.log.empty()) line("  log: " + escape_text(failures.log));
  if (!failures.rerun.empty()) line("  rerun: " + escape_text(failures.rerun));
}

void Summary::print_error(const RunEnded& ended) {
  if (!ended.error) return;
  // The text of an aggregate of thousands is not even made.
  const bool too_many = ended.error.errors().size() > kErrorsInTextMax && failures_count_ > 0;
  const std::string text =
      too_many ? tasks_text(failures_count_) + " failed" : ended.error.message();
  line("errand: " + shorten(escape_text(text), kLineColumns));
}

void Summary::line(std::string_view text) { err_.write(std::string(text) + "\n"); }

}  // namespace errand
