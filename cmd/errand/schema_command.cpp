// SPDX-License-Identifier: Apache-2.0
#include "errand/commands.h"
#include "errand/plan/schema.h"

namespace errand::cmd {

int schema() { return print(std::string(task_file_schema())); }

}  // namespace errand::cmd
