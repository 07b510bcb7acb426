// SPDX-License-Identifier: Apache-2.0
//
// What applies if neither the task file nor the command line says something else. A plan has these
// values resolved, so only what makes or shows plans reads them.
#pragma once

#include <string>
#include <vector>

#include "errand/base/time.h"

namespace errand {

// From the polite signal to SIGKILL.
inline constexpr Duration kDefaultGrace = std::chrono::seconds(5);
inline constexpr int kDefaultKillSignal = 15;
// How long an attempt runs before a notice says so.
inline constexpr Duration kDefaultSlowAfter = std::chrono::seconds(60);
// What runs scripts.
inline const std::vector<std::string> kDefaultShell = {"sh", "-ec"};

}  // namespace errand
