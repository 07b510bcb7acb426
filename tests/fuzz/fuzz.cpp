// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's way into the target that this program is built for.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  errand::fuzz::ERRAND_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
