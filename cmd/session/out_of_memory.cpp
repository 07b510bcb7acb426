// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/out_of_memory.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include "cmd/cli/invocation.h"

namespace errand::cmd {
namespace {

// Neither an exception nor a clean end: both need memory, and a coroutine that is destroyed in
// between would stop the program.
[[noreturn]] void end() {
  constexpr std::string_view kLine = "errand: out of memory; its tasks are killed\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(kErrandFailed);
}

std::terminate_handler before = nullptr;

// For what does not allocate by operator new, and throws all the same.
[[noreturn]] void end_or_terminate() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    end();
  } catch (...) {
    before();
  }
  std::abort();
}

}  // namespace

void end_when_out_of_memory() {
  std::set_new_handler(end);
  before = std::set_terminate(end_or_terminate);
}

}  // namespace errand::cmd
