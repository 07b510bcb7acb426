// SPDX-License-Identifier: Apache-2.0
//
// The command line: what was typed, and what it means. The only file that knows CLI11 is
// options.cpp.
#pragma once

#include "cmd/cli/invocation.h"

namespace errand::cmd {

// Also reads ERRAND_JOBS and the like from the environment.
Invocation read_command_line(int argc, char** argv);

}  // namespace errand::cmd
