// SPDX-License-Identifier: Apache-2.0
//
// Events as lines of JSON: what the events report and the journal write, and replay() reads.
#pragma once

#include <string>
#include <string_view>

#include "errand/events/events.h"
#include "errand/events/json_text.h"
#include "errand/plan/fingerprint.h"

namespace errand {

inline constexpr int kEventLogVersion = 1;

// Of a plan each task has a line of its own before anything happens, so that a reader needs nothing
// else. Commands are masked.
class EventLines {
 public:
  static constexpr std::size_t kCommandColumns = 1000;

  // Lines, each with its end, valid until the next call.
  std::string_view format(const RunEvent& event);

 private:
  struct Fields;
  void begin(const RunEvent& event, std::string_view name);
  std::string_view time_text(WallTime time);

  std::string lines_;
  Fingerprints fingerprints_;
  bool is_stream_ = false;
  std::int64_t second_ = -1;  // that time_ tells
  std::string time_;
};

// What the run as a whole failed of: what errand says, else why it was cancelled.
std::string run_cause(const RunEnded& ended);

}  // namespace errand
