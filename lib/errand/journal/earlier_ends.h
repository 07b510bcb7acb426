// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>

#include "errand/base/result.h"
#include "errand/events/events.h"
#include "errand/plan/edit/remaining_tasks.h"

namespace errand {

// Collects them from a run's events, live or replayed.
class PriorResultsCollector final : public Observer {
 public:
  // Of replayed events: without a folder. A log tells what its tasks' fingerprints were.
  explicit PriorResultsCollector(Fingerprints fingerprints = Fingerprints())
      : fingerprints_(std::move(fingerprints)) {}
  void on(const RunEvent& event) override;
  // Of what has been told so far.
  PriorResults take() &&;

 private:
  void take(const RunStarted& started);
  void take(const TaskEnded& ended);
  void take(const RunEnded& ended);
  void succeeded(const Task& task);
  void failed(const Task& task);

  Fingerprints fingerprints_;
  PriorResults ends_;  // failures: of the runs before, and not mended in this one
  std::unordered_set<std::uint64_t> failed_;
  std::unordered_set<std::string> failed_names_;
};

// What the run with this log came to, for one that goes on with it: as far as the log can be read,
// for errand may have been killed. The error names the log, and what is wrong with it.
Result<PriorResults> read_prior_results(const std::string& log);

}  // namespace errand
