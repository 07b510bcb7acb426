// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_ends.h"

#include <cerrno>
#include <fstream>

#include "errand/events/replay.h"

namespace errand {

void PriorResultsCollector::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    take(*started);
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    take(*task);
  } else if (const auto* ended = std::get_if<RunEnded>(&event.kind)) {
    take(*ended);
  }
}

void PriorResultsCollector::take(const RunStarted& started) {
  if (started.earlier) ends_ = *started.earlier;
  ends_.finished = ends_.run_succeeded = false;
  ends_.id = started.id;
  if (!started.plan) return;
  for (const Task& task : started.plan->tasks()) ends_.known.insert(fingerprints_.of(task));
}

// What was settled before is told at the start.
void PriorResultsCollector::take(const TaskEnded& ended) {
  const Task& task = *ended.task;
  if (ended.state == TaskState::succeeded || ended.allowed) return succeeded(task);
  if (is_failure(ended.state)) failed(task);
}

// The run is a group without a name.
void PriorResultsCollector::take(const RunEnded& ended) {
  Task root;
  root.is_group = true;
  ends_.finished = true;
  ends_.run_succeeded = ended.state == TaskState::succeeded;
  if (ends_.run_succeeded) succeeded(root);
  if (is_failure(ended.state)) failed(root);
}

void PriorResultsCollector::succeeded(const Task& task) {
  const std::uint64_t fingerprint = fingerprints_.of(task);
  ++ends_.succeeded[fingerprint];
  ends_.failed.erase(fingerprint);
  ends_.failed_names.erase(task.full_name);
}

void PriorResultsCollector::failed(const Task& task) {
  failed_.insert(fingerprints_.of(task));
  failed_names_.insert(task.full_name);
}

PriorResults PriorResultsCollector::take() && {
  ends_.failed.merge(failed_);
  ends_.failed_names.merge(failed_names_);
  return std::move(ends_);
}

Result<PriorResults> read_prior_results(const std::string& path) {
  std::ifstream log(path, std::ios::binary);
  if (!log) return std::unexpected(Error::system("'" + path + "'", errno));
  PriorResultsCollector collector;
  const ReplayResult replayed = replay(log, collector);
  if (replayed.begun) return std::move(collector).take();
  return std::unexpected(not_an_event_log(path, replayed));
}

}  // namespace errand
