// SPDX-License-Identifier: Apache-2.0
//
// Takes the place of the C library's functions, since Asio asks aligned_alloc and not operator new.
#include "micro/allocations.h"

#include <atomic>
#include <cstddef>

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;
// NOLINTEND(bugprone-reserved-identifier)
}

namespace {
std::atomic<std::uint64_t> count;
}

extern "C" void* malloc(std::size_t size) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}

namespace errand::bench {

std::uint64_t allocations() { return count.load(std::memory_order_relaxed); }

}  // namespace errand::bench
