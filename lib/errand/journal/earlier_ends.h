// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "errand/base/result.h"
#include "errand/plan/resume.h"
#include "errand/run/events.h"

namespace errand {

// Collects them from a run's events, live or replayed.
class EndsCollector final : public Observer {
 public:
  // Of replayed events: without a folder. A log tells what its tasks' fingerprints were.
  explicit EndsCollector(Fingerprints fingerprints = Fingerprints())
      : fingerprints_(std::move(fingerprints)) {}
  void on(const RunEvent& event) override;
  EarlierEnds& ends() { return ends_; }

 private:
  void take(const TaskEnded& ended);
  void take(const RunEnded& ended);

  Fingerprints fingerprints_;
  EarlierEnds ends_;
};

// What the run with this log came to, for one that goes on with it: as far as the log can be read,
// for errand may have been killed. The error names the log, and what is wrong with it.
Result<EarlierEnds> read_earlier_ends(const std::string& log);

}  // namespace errand
