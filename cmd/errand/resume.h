// SPDX-License-Identifier: Apache-2.0
//
// --resume and --failed: which run they mean, and what it leaves of the input.
#pragma once

#include "errand/base/error.h"
#include "errand/input.h"
#include "errand/options.h"
#include "errand/run/runner.h"

namespace errand::cmd {

// Marks in the input what does not run again, and says on standard error how much does. Nothing
// without these options. The error says which run cannot be gone on with, and why.
Error resume(const RunCommand& command, Input& input);

// Where the tasks can be read again, by a run in the current folder.
Origin origin_of(const Input& input);
// What the run is called in its journal.
std::string name_of(const Input& input);

}  // namespace errand::cmd
