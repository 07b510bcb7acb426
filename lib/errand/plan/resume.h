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

// What an earlier run, and those that it went on with, came to.
struct EarlierEnds {
  std::string id;
  // By fingerprint, how often: of a stream several tasks may be the same. Failures that the file
  // allows count. Groups too.
  std::unordered_map<std::uint64_t, unsigned> succeeded;
  std::unordered_set<std::uint64_t> others;  // by fingerprint: that ended in another way
  std::unordered_set<std::string> failed;    // full names, also of groups; the run's own is ""
};

enum class Again : std::uint8_t {
  unfinished,  // what has not succeeded yet
  failed,      // what failed
};

// The plan with every task marked that does not run again (Task::settled). What runs:
// - `unfinished`: what has not succeeded, or is not the same task any more, and what needs it;
//   `failed`: what failed or timed out, changed meanwhile or not; of a group that failed without
//   any of its tasks all that has not succeeded;
// - what these need that has not succeeded, and the services that they need;
// - all of a race that one of them is in, and in their groups what runs last (`when`).
// What has lost a race, or is left out by a `halt`, in a group that succeeded does not.
Plan resume(Plan plan, const EarlierEnds& earlier, Again again, Fingerprints fingerprints);

// The same for tasks that arrive one after another.
class Resumption {
 public:
  Resumption(EarlierEnds earlier, Again again, Fingerprints fingerprints);
  // Null: it runs.
  std::shared_ptr<const Settled> settle(const Task& task);

 private:
  EarlierEnds earlier_;
  Again again_;
  Fingerprints fingerprints_;
  std::shared_ptr<const Settled> succeeded_, not_failed_;
};

}  // namespace errand
