// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace errand {

// How many processors a process may keep busy: `affinity`, or less where the quota of a cgroup on
// its way to the root says so; a fraction counts as a whole one, as in Go and the JVM, and there is
// at least one. Reads /proc/self and the cgroup file systems below the folder `root`; what cannot
// be read limits nothing.
unsigned allowed_processors(unsigned affinity, const std::string& root = "");

}  // namespace errand
