// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>

#include "errand/base/error.h"

namespace errand {

// A value or the error that stood in its way.
template <class T>
using Result = std::expected<T, Error>;

}  // namespace errand
