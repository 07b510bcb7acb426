// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_ends.h"

#include <cerrno>
#include <fstream>

#include "errand/events/replay.h"

namespace errand {

void EndsCollector::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    take(*started);
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    take(*task);
  } else if (const auto* ended = std::get_if<RunEnded>(&event.kind)) {
    take(*ended);
  }
}

void EndsCollector::take(const RunStarted& started) {
  if (started.earlier) ends_ = *started.earlier;
  ends_.over = ends_.well = false;
  ends_.id = started.id;
  if (!started.plan) return;
  for (const Task& task : started.plan->tasks()) ends_.known.insert(fingerprints_.of(task));
}

// What was settled before is told at the start.
void EndsCollector::take(const TaskEnded& ended) {
  const Task& task = *ended.task;
  if (ended.state == TaskState::succeeded || ended.allowed) return succeeded(task);
  if (is_failure(ended.state)) failed(task);
}

// The run is a group without a name.
void EndsCollector::take(const RunEnded& ended) {
  Task root;
  root.is_group = true;
  ends_.over = true;
  ends_.well = ended.state == TaskState::succeeded;
  if (ends_.well) succeeded(root);
  if (is_failure(ended.state)) failed(root);
}

void EndsCollector::succeeded(const Task& task) {
  const std::uint64_t fingerprint = fingerprints_.of(task);
  ++ends_.succeeded[fingerprint];
  ends_.failed.erase(fingerprint);
  ends_.failed_names.erase(task.full_name);
}

void EndsCollector::failed(const Task& task) {
  failed_.insert(fingerprints_.of(task));
  failed_names_.insert(task.full_name);
}

EarlierEnds EndsCollector::take() && {
  ends_.failed.merge(failed_);
  ends_.failed_names.merge(failed_names_);
  return std::move(ends_);
}

Result<EarlierEnds> read_earlier_ends(const std::string& path) {
  std::ifstream log(path, std::ios::binary);
  if (!log) return std::unexpected(Error::system("'" + path + "'", errno));
  EndsCollector collector;
  const Replayed replayed = replay(log, collector);
  if (replayed.begun) return std::move(collector).take();
  return std::unexpected(no_event_log(path, replayed));
}

}  // namespace errand
