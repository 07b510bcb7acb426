// SPDX-License-Identifier: Apache-2.0
//
// Commands that run tasks of a run again, to be pasted into a shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "errand/events/events.h"

namespace errand {

// The command that runs these tasks of a run again, by their full names, for a reader in `folder`:
// "errand run --var n=1 ci.yaml build", with -C if the run was in another folder. Empty if the
// tasks are in no file.
std::string rerun_command(const Origin& origin, const std::vector<std::string>& names,
                          std::string_view folder);

// The command that starts the whole run again with one more option, as in "errand run --resume -k
// ci.yaml"; `option` may be empty. The result is empty if it is not known how the run was started.
std::string command_again(const Origin& origin, std::string_view option, std::string_view folder);

}  // namespace errand
