// SPDX-License-Identifier: Apache-2.0
//
// Hidden tests that hang, for concurrency/watchdog_test.cpp. They have a file of their own because
// ctest runs all tests of a file, also hidden ones.
#include <asio/io_context.hpp>
#include <cstdio>

#include "errand/concurrency/group.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

// Waits in epoll for a child that sleeps for an hour, with a process that does the same.
TEST_CASE("hangs in the loop", "[.hangs]") {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  const AliveReport alive([&] { return runtime.describe(); });
  FILE* const process = ::popen("sleep 3600", "r");
  GroupOptions options;
  options.name = "build";
  Group group(Context::background(runtime), options);
  group.go("compile", ends(1h));
  loop.run();
  ::pclose(process);
}

TEST_CASE("hangs without a loop", "[.hangs][long:20]") {
  for (volatile bool forever = true; forever;) {
  }
}

}  // namespace
}  // namespace errand::test
