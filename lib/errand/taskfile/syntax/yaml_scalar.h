// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "errand/taskfile/syntax/document.h"

namespace errand::task_file {

// What a plain scalar is in YAML 1.2's core schema: null, boolean, number or text. "yes", "no",
// "on" and "off" are text.
NodeKind resolve_plain_scalar(std::string_view text);

}  // namespace errand::task_file
