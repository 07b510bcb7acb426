// SPDX-License-Identifier: Apache-2.0
//
// What errand says of its own doing: -v and --log-file.
#include <sys/stat.h>
#include <unistd.h>

#include "support/cli.h"

namespace errand::test {
namespace {

TEST_CASE("the log file has each step of the run with time, process and level") {
  CliTest test;
  const Ended end = test.run_yaml(
      "mode: aggregate\n"
      "tasks: { good: echo hi, bad: exit 3, late: { needs: [bad], run: x } }",
      {"--log-file", "log"});
  CHECK(end.how() == "exit 1");
  const std::string log = test.read("log");
  for (const char* step :
       {"info: errand ", "tasks of errand.yaml",
        "info: nothing is left behind: ", " started: aggregate", "debug: good: ready",
        "debug: good: attempt 1 starts in slot ", "debug: good: attempt 1 succeeded after ",
        "info: good: ok in ", "warning: bad: failed: exit 3", "warning: late: skipped: needs bad",
        "warning: run failed after "})
    CHECK(contains(log, step));
  CHECK(log.front() == '2');  // of a year
  CHECK(contains(log, "] info: errand "));
  CHECK_FALSE(contains(end.err, "attempt 1"));
}

TEST_CASE("a log file is its owner's alone, and a second run goes on where the first ended") {
  CliTest test;
  const std::vector<std::string> options = {"--log-file", "log", "-q"};
  test.run_yaml("tasks: { first: 'true' }", options);
  struct stat status{};
  REQUIRE(::stat((test / "log").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  test.run_yaml("tasks: { second: 'true' }", options);
  CHECK(contains(test.read("log"), "first: ok"));
  CHECK(contains(test.read("log"), "second: ok"));
}

TEST_CASE("neither control characters nor secrets get into the log") {
  CliTest test;
  test.run_yaml(
      "tasks: { \"a\\e[31m\\n\": { env: { KEY: hidden1 }, secrets: [KEY], run: [hidden1, x] } }",
      {"--log-file", "log", "-v"});
  const std::string log = test.read("log");
  CHECK(contains(log, "a\\e[31m\\n: failed: exec '***'"));
  CHECK_FALSE(contains(log, "hidden1"));
  CHECK_FALSE(contains(log, "\x1b"));
}

TEST_CASE("a log file that cannot be opened is told before anything starts") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: touch started }", {"--log-file", "none/log"});
  CHECK(end.how() == "exit 125");
  CHECK(end.err == "errand: log file 'none/log': No such file or directory\n");
  CHECK_FALSE(test.exists("started"));
  CHECK(test.run({"run", "--log-file", "-"}).how() == "exit 125");
}

TEST_CASE("a log file on a full disk is told once and costs no task its success") {
  if (::access("/dev/full", W_OK) != 0) return;
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: echo hi }", {"--log-file", "/dev/full"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "hi\n");
  CHECK(contains(end.err, "errand: log file '/dev/full': "));
  CHECK(contains(end.err, "No space left on device"));
}

TEST_CASE("-v says where the tasks come from and what keeps them from being left behind") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: echo hi }", {"-v"});
  CHECK(end.err.starts_with("errand: errand "));
  CHECK(contains(end.err, "tasks of errand.yaml\nerrand: nothing is left behind: "));
  CHECK(contains(test.run({"exec", "-v", "true"}).err, "; tasks of the command line\n"));
}

TEST_CASE("a task does not get the log file's descriptor") {
  CliTest test;
  const Ended end =
      test.run({"exec", "--log-file", "log", "ls -l /proc/self/fd | grep -c /log || true"});
  CHECK(end.out == "0\n");
}

}  // namespace
}  // namespace errand::test
