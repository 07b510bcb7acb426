// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cmd/cli/invocation.h"
#include "errand/base/error.h"

namespace errand::cmd {

// Returns an error if two outputs of the run would write to one file, under whatever names:
// reports,
// --joblog, --log-file, the folder of --results, and what standard output and standard error are
// redirected to. Opens and changes nothing. Must be called in the folder in which the run starts,
// before any of them is opened.
Error check_output_paths(const RunCommand& command);

}  // namespace errand::cmd
