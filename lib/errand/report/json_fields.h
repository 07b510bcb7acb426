// SPDX-License-Identifier: Apache-2.0
//
// The fields that the JSON report and the event log have in common, so that they are named alike.
// For their .cpp files only.
#pragma once

#include <nlohmann/json_fwd.hpp>  // lint: third-party; private to two .cpp files of this folder
#include <optional>
#include <string>

#include "errand/run/events.h"

namespace errand {

using Json = nlohmann::ordered_json;

// "2026-01-02T03:04:05.678Z".
std::string rfc3339(WallTime time);
// To the microsecond.
double seconds(Duration duration);
// One line of valid UTF-8, whatever the strings inside are: bytes that are not become U+FFFD.
std::string to_text(const Json& json);

// status, cause, and exit_code or signal where there is one.
void add_outcome(Json& to, TaskState state, const Error& error,
                 const std::optional<ExitStatus>& status);
Json usage_fields(const Usage& usage);
// What is told of a task's end beside its name, outcome and attempts.
void add_ending(Json& to, const TaskEnded& ended);
// What the run as a whole failed of: what errand says, else why it was cancelled; null for a
// success.
Json run_cause(const RunEnded& ended);

}  // namespace errand
