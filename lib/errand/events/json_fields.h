// SPDX-License-Identifier: Apache-2.0
//
// The fields that the reports in JSON have in common, so that they are named alike.
#pragma once

#include <optional>
#include <string_view>

#include "errand/events/events.h"
#include "errand/events/json_text.h"

namespace errand {

// status, cause, and exit_code or signal where there is one.
void add_outcome(JsonText& to, TaskState state, std::string_view cause,
                 const std::optional<ExitStatus>& status);
// The object.
void add_usage(JsonText& to, const Usage& usage);
// trace_id and parent_id, in a trace.
void add_trace(JsonText& to, const TraceContext& trace);

}  // namespace errand
