// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace errand {

// The JSON Schema of the task file, for editors: schema/task-file.schema.json, byte by byte. The
// readers do not use it; tests keep both in step.
std::string_view task_file_schema();

}  // namespace errand
