// SPDX-License-Identifier: Apache-2.0
#include "errand/console/run_progress.h"

#include <algorithm>
#include <string_view>

#include "errand/base/escape_text.h"

namespace errand {
namespace {

std::string seconds(Duration duration) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(duration));
}

}  // namespace

void RunProgress::on(const RunEvent& event) {
  if (const auto* run = std::get_if<RunStarted>(&event.kind)) {
    begin(*run);
  } else if (const auto* ready = std::get_if<TaskReady>(&event.kind)) {
    if (!all_known_ && !ready->task->is_group) ++known_;
  } else if (const auto* attempt = std::get_if<AttemptStarted>(&event.kind)) {
    Started& started = started_[attempt->task->id];
    if (!started.task) started = {attempt->task, event.since_start, 0};
    if (++started.attempts == 1) ++running_;
  } else if (const auto* ended = std::get_if<AttemptEnded>(&event.kind)) {
    attempt_ended(*ended->task);
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    end(*task);
  } else if (std::holds_alternative<RunEnded>(event.kind)) {
    active_ = false;
  }
}

void RunProgress::begin(const RunStarted& started) {
  active_ = true;
  open_.begin(started.plan);
  all_known_ = started.plan != nullptr;
  if (!started.plan) return;
  for (const Task& task : started.plan->tasks()) {
    if (!task.is_group) ++known_;
  }
}

void RunProgress::attempt_ended(const Task& task) {
  const auto found = started_.find(task.id);
  if (found != started_.end() && --found->second.attempts == 0) --running_;
}

void RunProgress::end(const TaskEnded& ended) {
  if (ended.task->is_group) {
    failed_ -= open_.end_group(ended).dropped.count;
    return;
  }
  ++ended_;
  if (is_failure(ended.state)) ++(ended.allowed ? warnings_ : failed_);
  if (is_failure(ended.state) && !ended.allowed) ++open_.around(*ended.task).count;
  if (started_.erase(ended.task->id) == 0 || ended.task->policy->service) return;
  measured_ = saturating_add(measured_, ended.duration);
  ++measured_count_;
}

std::size_t RunProgress::waiting() const { return known_ - std::min(known_, ended_ + running_); }

// A service runs as long as it is needed, so it says nothing.
const RunProgress::Started* RunProgress::longest() const {
  const Started* found = nullptr;
  for (const auto& [id, started] : started_) {
    if (started.attempts == 0 || started.task->policy->service) continue;
    const bool longer = !found || started.since < found->since ||
                        (started.since == found->since && id < found->task->id);
    if (longer) found = &started;
  }
  return found;
}

std::optional<Duration> RunProgress::remaining(Duration now) const {
  if (measured_count_ == 0) return std::nullopt;
  const Duration mean = measured_ / measured_count_;
  Duration left = saturating_multiply(mean, static_cast<std::int64_t>(waiting()));
  std::int64_t side_by_side = 0;
  for (const auto& [id, started] : started_) {
    if (started.attempts == 0 || started.task->policy->service) continue;
    ++side_by_side;
    const Duration so_far = saturating_subtract(now, started.since);
    left = saturating_add(left, std::max(Duration::zero(), saturating_subtract(mean, so_far)));
  }
  if (left == Duration::zero()) return std::nullopt;
  return left / std::max<std::int64_t>(1, side_by_side);
}

std::string RunProgress::text(Duration now) const {
  std::string text = std::to_string(running_) + " running";
  const auto add = [&](std::size_t count, std::string_view what) {
    if (count > 0) text += ", " + std::to_string(count) + " " + std::string(what);
  };
  add(waiting(), "waiting");
  if (all_known_) {
    text += ", " + std::to_string(ended_) + "/" + std::to_string(known_) + " done";
  } else {
    add(ended_, "done");
  }
  add(failed_, "failed");
  add(warnings_, warnings_ == 1 ? "warning" : "warnings");
  text += ", " + seconds(now);
  if (const auto rest = remaining(now)) {
    text += ", ETA " + format_duration(saturating_ceil_seconds(*rest));
  }
  if (const Started* slow = longest()) {
    text += ", longest: " + escape_text(slow->task->full_name) + " " +
            seconds(saturating_subtract(now, slow->since));
  }
  return text;
}

}  // namespace errand
