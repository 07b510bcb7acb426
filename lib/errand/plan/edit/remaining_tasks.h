// SPDX-License-Identifier: Apache-2.0
//
// Which tasks are to run again after an earlier run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "errand/plan/fingerprint.h"
#include "errand/plan/plan.h"

namespace errand {

// What an earlier run, and those that it went on with, came to. Groups too; the run's own name is
// "".
struct PriorResults {
  std::string id;
  bool finished = false;       // false: errand was killed, or runs still
  bool run_succeeded = false;  // and it succeeded
  // By fingerprint, how often: of a stream several tasks may be the same. Failures that the file
  // allows count.
  std::unordered_map<std::uint64_t, unsigned> succeeded;
  std::unordered_set<std::uint64_t> failed;      // by fingerprint, and have not succeeded since
  std::unordered_set<std::string> failed_names;  // full names, for tasks that change
  std::unordered_set<std::uint64_t> known;       // all tasks of its plan
};

enum class RerunScope : std::uint8_t {
  unfinished,  // what has not succeeded yet
  failed,      // what failed
};

// The plan with every task marked that does not run again (Task::earlier_result). What runs:
// - `unfinished`: what has not succeeded, or is not the same task any more, and what needs it;
//   `failed`: what failed or timed out, changed meanwhile or not; of a group that failed without
//   any of its tasks all that has not succeeded;
// - what these need that has not succeeded, and the services that they need;
// - all of a race that one of them is in, and in their groups what runs last (`when`).
// What has lost a race, or was canceled by a `halt` that others have met, in a group that succeeded
// does not. A service runs where somebody needs it; those run again when it, or what it needs, is
// not the same any more.
Plan mark_remaining_tasks(Plan plan, const PriorResults& earlier, RerunScope scope,
                          Fingerprints fingerprints);

// What of it still stands while the rest of the plan runs: for the run's own log.
PriorResults remaining_results(PriorResults ends, const Plan& resumed, Fingerprints fingerprints);

// The same for tasks that arrive one after another.
class RemainingTasks {
 public:
  RemainingTasks(PriorResults earlier, RerunScope scope, Fingerprints fingerprints);
  // Null: it runs.
  std::shared_ptr<const EarlierResult> earlier_result(const Task& task);

 private:
  PriorResults earlier_;
  RerunScope scope_;
  Fingerprints fingerprints_;
  std::shared_ptr<const EarlierResult> succeeded_, not_failed_;
};

}  // namespace errand
