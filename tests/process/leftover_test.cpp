// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "support/process_test.h"

namespace errand::test {
namespace {

pid_t first_pid(const Kept& kept) { return std::atoi(kept.out.c_str()); }

TEST_CASE("a grandchild that holds the output does not hang its task, is killed and told") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end = test.run(test.probe({"fork", "pid", "pause", "--end", "exit", "0"}), kept);
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(end.error.message() == "");
  CHECK_FALSE(end.stopped);
  REQUIRE(end.notices.size() == 1);
  CHECK(end.notices[0].starts_with("left behind: " ERRAND_PROBE " fork pid pause"));
  CHECK(end.notices[0].ends_with("(pid " + std::to_string(first_pid(kept)) + ")"));
  CHECK(::kill(first_pid(kept), 0) != 0);
}

TEST_CASE("a grandchild in the group is killed and told even when it holds no output") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end = test.run(
      test.probe({"fork", "close", "1", "close", "2", "pause", "--end", "exit", "3"}), kept);
  CHECK(end.status == ExitStatus::exited(3));
  CHECK(end.notices.size() == 1);
}

TEST_CASE("a daemon that holds the output is found, killed and told") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end =
      test.run(test.probe({"daemon", "pid", "pause", "--end", "exit", "0"}), kept);
  CHECK(end.status == ExitStatus::exited(0));
  REQUIRE(end.notices.size() == 1);
  CHECK(::kill(first_pid(kept), 0) != 0);
}

TEST_CASE("what a grandchild writes soon after its parent's end still belongs to the task") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end =
      test.run(test.probe({"fork", "pattern", "1", "out", "last", "--end", "exit", "0"}), kept);
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(end.notices.empty());
  CHECK(kept.out.size() == 1024 * 1024 + 5);
  CHECK(kept.out.ends_with("last\n"));
}

// Nobody of ours holds the pipe, so nobody can be killed; we close our end.
TEST_CASE("output that a stranger holds open does not hang its task") {
  ProcessTest test;
  Kept kept;
  UniqueFd stranger;
  kept.on_write = [&] {
    const std::string path = "/proc/" + std::to_string(first_pid(kept)) + "/fd/1";
    stranger = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ::kill(first_pid(kept), SIGTERM);
  };
  const ProcessEnd end = test.run(test.probe({"pid", "pause"}), kept);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  CHECK(stranger);
  CHECK(end.notices.size() == 1);
}

TEST_CASE("leftovers can be stopped while they have their time") {
  ProcessTest test;
  Kept kept;
  const auto [context, cancel] = with_cancel(test.background());
  kept.on_write = [&, stop = cancel] { stop(); };
  StopRule rule{nullptr, std::chrono::hours(1)};
  Command command = test.probe({"fork", "ignore", "1", "pid", "pause", "--end", "exit", "0"});
  const ProcessEnd end =
      test.run(run_process(test.reaper(), context, test.background(), command, rule, kept));
  CHECK(end.status);
  CHECK(::kill(first_pid(kept), 0) != 0);
}

}  // namespace
}  // namespace errand::test
