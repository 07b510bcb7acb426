// SPDX-License-Identifier: Apache-2.0
//
// --resume and --failed: which run they mean, and what it leaves of the input.
#pragma once

#include <memory>
#include <string>

#include "cmd/cli/invocation.h"
#include "cmd/input/input.h"
#include "errand/base/result.h"
#include "errand/io/unique_fd.h"
#include "errand/run/runner.h"

namespace errand::cmd {

struct Resumed {
  std::shared_ptr<const PriorResults> earlier;  // what still stands of that run; null: of none
  UniqueFd lock;  // while it is held nobody else goes on with that run
};
// Marks in the input what does not run again, and says on standard error how much does. Nothing
// without these options. The error says which run cannot be gone on with, and why.
Result<Resumed> resume(const RunCommand& command, Input& input);

// Where the tasks can be read again, by a run in the current folder. What is no regular file, as
// /dev/stdin, cannot.
Origin origin_of(const Input& input);
// What the run is called in its journal.
std::string name_of(const Input& input);

}  // namespace errand::cmd
