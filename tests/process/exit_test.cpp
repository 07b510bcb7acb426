// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "support/process_test.h"

namespace errand::test {
namespace {

TEST_CASE("a process ends with its exit code") {
  ProcessTest test;
  for (const int code : {0, 1, 2, 7, 75, 124, 125, 126, 127, 128, 143, 200, 254, 255}) {
    Kept kept;
    const ProcessEnd end = test.run(test.probe({"exit", std::to_string(code)}), kept);
    CHECK(end.status == ExitStatus::exited(code));
    CHECK(end.error.message() == "");
    CHECK(end.notices.empty());
    CHECK_FALSE(end.stopped);
  }
}

TEST_CASE("death by a signal is told as such") {
  ProcessTest test;
  for (const int signal : {SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, SIGSEGV}) {
    Kept kept;
    const ProcessEnd end =
        test.run(test.probe({"kill-self", std::to_string(signal), "pause"}), kept);
    CHECK(end.status == ExitStatus::signaled(signal));
  }
}

}  // namespace
}  // namespace errand::test
