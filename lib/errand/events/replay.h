// SPDX-License-Identifier: Apache-2.0
//
// Lines of an event log as events again, so that every reader of events reads what is over, too.
#pragma once

#include <istream>
#include <string>

#include "errand/events/events.h"

namespace errand {

struct ReplayResult {
  bool begun = false;   // false: this is no event log, nobody was told anything
  bool ended = false;   // RunEnded was told
  std::string problem;  // "line 12 is no event"; empty: none
};

// What to say of a file that is none, where nothing has begun.
Error not_an_event_log(const std::string& path, const ReplayResult& replayed);

// Tells `observer` what the lines of `log` tell, as far as they can be read: until the end, or the
// first line that is damaged or cut. Tasks have what the log knows of them: names, groups, needs
// and commands.
ReplayResult replay(std::istream& log, Observer& observer);

}  // namespace errand
