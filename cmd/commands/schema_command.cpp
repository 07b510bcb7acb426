// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/commands.h"
#include "cmd/print.h"
#include "errand/taskfile/schema.h"

namespace errand::cmd {

int schema() { return print(std::string(task_file_schema())); }

}  // namespace errand::cmd
