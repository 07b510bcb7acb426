// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "errand/events/events.h"

namespace errand {

// The command that runs these tasks of a run again, by their full names, for somebody in `folder`:
// "errand run ci.yaml build", with -C where the run was elsewhere. Empty: they are in no file.
std::string rerun_command(const Origin& origin, const std::vector<std::string>& names,
                          std::string_view folder);

// The command that runs the failed tasks of the last run of this file again; it needs no names.
std::string rerun_failed_command(const Origin& origin, std::string_view folder);

}  // namespace errand
