// SPDX-License-Identifier: Apache-2.0
#include "errand/report/run_record.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "errand/base/utf8.h"
#include "errand/events/event_lines.h"
#include "errand/events/task_text.h"

namespace errand {

// ---- collecting

namespace {

// As exact as an event log is, so that both give the same reports.
Duration rounded(Duration duration) { return saturating_round_microseconds(duration); }

}  // namespace

void RunRecorder::on(const RunEvent& event) {
  if (!record_.ended) record_.duration = rounded(event.since_start);
  std::visit([&](const auto& kind) { take(event, kind); }, event.kind);
}

void RunRecorder::take(const RunEvent& event, const RunStarted& started) {
  record_.id = started.id;
  record_.name = valid_utf8(started.name);
  record_.mode = started.mode;
  record_.jobs = started.jobs;
  record_.trace = started.trace;
  record_.started = std::chrono::floor<std::chrono::milliseconds>(event.time);
  is_stream_ = started.plan == nullptr;
  if (is_stream_) return;
  const auto tasks = started.plan->tasks().subspan(1);  // without the root
  record_.tasks.resize(tasks.size());
  for (const Task& task : tasks) define(task, record_.tasks[task.id - 1]);
}

void RunRecorder::define(const Task& task, TaskRecord& record) {
  record.name = valid_utf8(task.full_name);
  record.group = task.is_group;
  record.service = task.policy->service;
  record.command = command_text(task, EventLines::kCommandColumns);
  if (is_stream_) return;
  if (task.parent != 0) record.parent = task.parent - 1;
  for (const Need& need : task.needs) record.needs.push_back(need.task - 1);
}

TaskRecord& RunRecorder::entry(const Task& task) {
  if (!is_stream_) return record_.tasks[task.id - 1];
  const std::size_t place = free_.empty() ? record_.tasks.size() : free_.back();
  const auto [found, fresh] = live_.try_emplace(task.id, place);
  if (!fresh) return record_.tasks[found->second];
  if (free_.empty()) {
    record_.tasks.emplace_back();
  } else {
    free_.pop_back();
  }
  define(task, record_.tasks[place]);
  return record_.tasks[place];
}

// A task of a stream has ended: it stays in the record, or is only counted from now on.
void RunRecorder::end_streamed(const Task& task) {
  const auto live = live_.find(task.id);
  const std::size_t place = live->second;
  live_.erase(live);
  TaskRecord& record = record_.tasks[place];
  std::size_t& kept = record.state == TaskState::succeeded && !record.flaky ? well_ : not_well_;
  if (kept < tasks_max_) {
    ++kept;
    return;
  }
  ++record_.left_out[static_cast<std::size_t>(record.state)];
  record = {};
  free_.push_back(place);
}

void RunRecorder::take(const RunEvent& event, const TaskReady& ready) {
  if (ready.task->id == 0 && !is_stream_) return;  // the root
  entry(*ready.task).ready = rounded(event.since_start);
}

void RunRecorder::take(const RunEvent& event, const AttemptStarted& started) {
  AttemptRecord attempt;
  attempt.number = started.attempt;
  attempt.slot = started.slot;
  attempt.hedge = started.hedge;
  attempt.span_id = started.span_id;
  attempt.began = rounded(event.since_start);
  entry(*started.task).attempts.push_back(std::move(attempt));
}

void RunRecorder::take(const RunEvent&, const AttemptEnded& ended) {
  auto& attempts = entry(*ended.task).attempts;
  const auto found = std::ranges::find(attempts, ended.attempt, &AttemptRecord::number);
  if (found == attempts.end()) return;
  found->ended = true;
  found->state = ended.state;
  found->status = ended.status;
  found->cause = valid_utf8(ended.error.message());
  found->duration = rounded(ended.duration);
  found->usage = ended.usage;
  found->usage.user = rounded(ended.usage.user);
  found->usage.system = rounded(ended.usage.system);
  found->output = ended.output;
  found->last_lines = valid_utf8(ended.last_lines);
}

void RunRecorder::take(const RunEvent&, const TaskEnded& ended) {
  if (ended.task->id == 0 && !is_stream_) return;
  TaskRecord& task = entry(*ended.task);
  task.ended = true;
  task.state = ended.state;
  task.status = ended.status;
  task.cause = valid_utf8(ended.error.message());
  task.first_failure = ended.first_failure;
  task.flaky = ended.flaky;
  task.allowed = ended.allowed;
  task.excluded = ended.excluded;
  task.succeeded_in = ended.succeeded_in;
  task.same_as = valid_utf8(ended.same_as);
  task.duration = rounded(ended.duration);
  task.last_lines = valid_utf8(ended.last_lines);
  if (is_stream_) end_streamed(*ended.task);
}

void RunRecorder::take(const RunEvent& event, const Notice& notice) {
  if (record_.notices.size() >= kNoticesMax) return;
  const std::string task = notice.task ? valid_utf8(notice.task->full_name) : "";
  record_.notices.push_back(
      {notice.level, task, valid_utf8(notice.text), rounded(event.since_start)});
}

// The runner ends every task. Should one be missing all the same, a reader must not have to guess.
void RunRecorder::take(const RunEvent&, const RunEnded& ended) {
  record_.ended = true;
  record_.state = ended.state;
  record_.cause = valid_utf8(run_cause(ended));
  record_.exit_status = ended.exit_status;
  record_.duration = rounded(ended.duration);
  std::ranges::sort(free_, std::greater());
  for (const std::size_t place : free_) {
    std::swap(record_.tasks[place], record_.tasks.back());
    record_.tasks.pop_back();
  }
  for (TaskRecord& task : record_.tasks) {
    if (task.ended) continue;
    task.ended = true;
    task.cause = valid_utf8((ended.cause ? ended.cause : ended.error).message());
  }
}

// ---- what follows from it

std::optional<Span> span_of(const TaskRecord& task, const RunRecord& run) {
  const auto end_of = [&](Duration began, Duration duration, bool ended) {
    return ended ? saturating_add(began, duration) : run.duration;
  };
  if (task.group) {
    if (!task.ready) return std::nullopt;
    return Span{*task.ready, end_of(*task.ready, task.duration, task.ended)};
  }
  if (task.attempts.empty()) return std::nullopt;
  Span span{task.attempts.front().began, {}};
  for (const AttemptRecord& attempt : task.attempts) {
    span.ended = std::max(span.ended, end_of(attempt.began, attempt.duration, attempt.ended));
  }
  return span;
}

Usage usage_of(const TaskRecord& task) {
  Usage sum;
  for (const AttemptRecord& attempt : task.attempts) sum += attempt.usage;
  return sum;
}

namespace {

// Walks back from an end: through what was needed; without that, through whoever had the slot until
// then.
class PathFinder {
 public:
  explicit PathFinder(const RunRecord& run) : run_(run) {
    for (std::size_t i = 0; i < run.tasks.size(); ++i) {
      spans_.push_back(run.tasks[i].service ? std::nullopt : span_of(run.tasks[i], run));
      if (spans_.back() && !run.tasks[i].group) by_end_.emplace_back(spans_[i]->ended, i);
    }
    std::ranges::sort(by_end_);
  }
  std::vector<std::size_t> path() {
    std::vector<std::size_t> path;
    if (by_end_.empty()) return path;
    std::vector<bool> seen(
        run_.tasks.size());  // of tasks without a duration two could wait for each other
    std::optional<std::size_t> at = by_end_.back().second;
    while (at && !seen[*at]) {
      seen[*at] = true;
      path.push_back(*at);
      at = before(*at);
    }
    std::ranges::reverse(path);
    return path;
  }

 private:
  // The need of the task, or of a group around it, that ended last before it began.
  std::optional<std::size_t> before(std::size_t task) const {
    const Duration began = spans_[task]->began;
    std::optional<std::size_t> latest;
    const auto consider = [&](std::size_t index) {
      if (!spans_[index] || spans_[index]->ended > began || index == task) return;
      if (!latest || spans_[index]->ended > spans_[*latest]->ended) latest = index;
    };
    for (std::optional<std::size_t> at = task; at; at = run_.tasks[*at].parent) {
      for (const std::size_t need : run_.tasks[*at].needs) consider(last_inside(need, began));
    }
    if (latest) return latest;
    return previous_slot_user(task, began);
  }
  // Of a group the task that ended it.
  std::size_t last_inside(std::size_t need, Duration until) const {
    if (!run_.tasks[need].group) return need;
    auto at = std::ranges::upper_bound(by_end_, std::pair{until, run_.tasks.size()});
    while (at != by_end_.begin()) {
      --at;
      for (auto up = run_.tasks[at->second].parent; up; up = run_.tasks[*up].parent) {
        if (*up == need) return at->second;
      }
    }
    return need;
  }
  // A task that was ready before it began has waited for a slot.
  std::optional<std::size_t> previous_slot_user(std::size_t task, Duration began) const {
    constexpr Duration kAtOnce = std::chrono::milliseconds(1);
    const TaskRecord& record = run_.tasks[task];
    if (!record.ready || record.attempts.empty() ||
        saturating_subtract(began, *record.ready) < kAtOnce)
      return {};
    const int slot = record.attempts.front().slot;
    auto at = std::ranges::upper_bound(by_end_, std::pair{began, run_.tasks.size()});
    while (at != by_end_.begin()) {
      --at;
      const auto& attempts = run_.tasks[at->second].attempts;
      if (at->second != task && attempts.back().slot == slot) return at->second;
    }
    return {};
  }

  const RunRecord& run_;
  std::vector<std::optional<Span>> spans_;
  std::vector<std::pair<Duration, std::size_t>> by_end_;
};

}  // namespace

std::vector<std::size_t> critical_path(const RunRecord& run) { return PathFinder(run).path(); }

}  // namespace errand
