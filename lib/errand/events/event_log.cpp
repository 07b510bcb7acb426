// SPDX-License-Identifier: Apache-2.0
#include "errand/events/event_log.h"

namespace errand {

void EventLog::on(const RunEvent& event) { file_.writer().write(lines_.format(event)); }

}  // namespace errand
