// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace errand {

inline constexpr std::uint64_t kFnvOffsetBasis = 0xcbf29ce484222325;

// FNV-1a in 64 bits: the same everywhere and for ever. It tells texts apart that nobody has chosen
// to be alike; it protects nothing. `hash`: of what stands before.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = kFnvOffsetBasis) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace errand
