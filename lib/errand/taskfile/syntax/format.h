// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace errand {

// `either`: JSON, or YAML where it is none, as `{ tasks: { a: x } }`. What is neither is told of as
// JSON.
enum class Format { yaml, json, either };

}  // namespace errand
