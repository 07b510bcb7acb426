// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/console/color.h"
#include "errand/events/events.h"

namespace errand::cmd {

// What tasks inherit, "NAME=VALUE": errand's own environment without the variables in `hidden`.
std::vector<std::string> task_environment(const std::vector<std::string_view>& hidden);

// FORCE_COLOR for tasks, which mostly see no terminal but errand's pipe: FORCE_COLOR=1 is added
// with `color`, taken out without.
std::vector<std::string> with_color(std::vector<std::string> environment, bool color);

std::optional<std::string_view> variable(const char* name);
std::string temp_folder();     // TMPDIR, else /tmp
std::string current_folder();  // empty: it is gone

// Of TRACEPARENT, if there is one: a new trace where it is no valid one.
TraceContext given_trace();
// Without what attempts in this trace get from it: each has its own TRACEPARENT, and a new trace
// has no state.
std::vector<std::string> in_trace(std::vector<std::string> environment, const TraceContext& trace);

// Where the journals of runs are: below XDG_STATE_HOME, or HOME. Empty: there is no such place.
std::string runs_folder();
// With the environment's part filled in, for one of errand's descriptors.
bool color_for(int fd, ColorChoice choice);
// The processors that errand may use.
unsigned processors();
// From the system's own source.
std::uint64_t random_number();
// Unique enough to name a run: the time and a random part.
std::string new_run_id();

}  // namespace errand::cmd
