// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_ends.h"

#include <cerrno>
#include <fstream>

#include "errand/report/replay.h"

namespace errand {

void EndsCollector::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    ends_.id = started->id;
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    take(*task);
  } else if (const auto* ended = std::get_if<RunEnded>(&event.kind)) {
    take(*ended);
  }
}

// The run is a group without a name.
void EndsCollector::take(const RunEnded& ended) {
  Task root;
  root.is_group = true;
  if (is_failure(ended.state)) ends_.failed.insert(root.full_name);
  if (ended.state == TaskState::succeeded) ++ends_.succeeded[fingerprints_.of(root)];
}

void EndsCollector::take(const TaskEnded& ended) {
  const std::uint64_t fingerprint = fingerprints_.of(*ended.task);
  if (ended.state == TaskState::succeeded || ended.allowed || !ended.succeeded_in.empty()) {
    ++ends_.succeeded[fingerprint];
    return;
  }
  ends_.others.insert(fingerprint);
  if (is_failure(ended.state)) ends_.failed.insert(ended.task->full_name);
}

Result<EarlierEnds> read_earlier_ends(const std::string& path) {
  std::ifstream log(path, std::ios::binary);
  if (!log) return std::unexpected(Error::system("'" + path + "'", errno));
  EndsCollector collector;
  const Replayed replayed = replay(log, collector);
  if (replayed.begun) return std::move(collector.ends());
  const std::string why = replayed.problem.empty() ? "it is empty" : replayed.problem;
  return std::unexpected(Error::text("'" + path + "' is no event log: " + why));
}

}  // namespace errand
