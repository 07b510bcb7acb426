// SPDX-License-Identifier: Apache-2.0
//
// Timeouts, whose they are, and the grace. Upper bounds are generous: they only tell "soon" from
// "after the grace".
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "support/cli.h"

namespace errand::test {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Lives until SIGKILL, in a shell and below it.
const std::string kStubborn =
    "trap \"\" TERM INT HUP; exec 9>$HELD; echo ready >$MARKS; sleep 1000 & wait; sleep 1000";

TEST_CASE("[P15] a task's timeout ends the task and is told as one") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  slow: { run: "echo so far; sleep 1000", timeout: 1s }
  other: touch other
)");
  CHECK(end.how() == "exit 1");
  CHECK(test.exists("other"));
  CHECK(contains(end.err, "slow: timed out after 1s\n"));
  CHECK(contains(end.err, "2 tasks: 1 succeeded, 1 timed out in "));
  CHECK(contains(last_lines(end.err, 25), "    so far\n"));  // what it wrote before
}

TEST_CASE("--task-timeout bounds every attempt and a shorter timeout of a task stays") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  short: { run: sleep 1000, timeout: 100ms }
  long: { run: sleep 1000, timeout: 1h }
  group: { tasks: { none: sleep 1000 } }
)",
                                  {"--task-timeout", "200ms"});
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "short: timed out after 100ms\n"));
  CHECK(contains(end.err, "long: timed out after 200ms\n"));
  CHECK(contains(end.err, "group/none: timed out after 200ms\n"));
}

TEST_CASE("a group's timeout stops its tasks and is named as theirs") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  group:
    timeout: 200ms
    tasks: { a: sleep 1000, b: { needs: [a], run: touch b } }
  other: touch other
)");
  CHECK(end.how() == "exit 1");
  CHECK(test.exists("other"));
  CHECK_FALSE(test.exists("b"));
  CHECK(contains(end.err, "group/a: canceled: the timeout of group 'group' (200ms) passed\n"));
  CHECK(contains(end.err, "group: timed out"));
}

TEST_CASE("the run's timeout is named and gives 124") {
  CliTest test;
  const Ended end = test.run_yaml("timeout: 1h\ntasks: { a: sleep 1000 }", {"--timeout", "200ms"});
  CHECK(end.how() == "exit 124");
  CHECK(contains(end.err, "a: canceled: the timeout of the run (200ms) passed\n"));
  CHECK(last_lines(end.err, 1) == "errand: the timeout of the run (200ms) passed\n");
}

TEST_CASE("the nearest timeout on the way to the root wins and is named") {
  CliTest test;
  const std::string yaml = R"(
timeout: RUN
tasks:
  outer:
    timeout: OUTER
    tasks:
      inner: { timeout: INNER, tasks: { task: { run: sleep 1000, timeout: TASK } } }
)";
  struct Case {
    std::string nearest, told;
  };
  for (const Case& one : std::vector<Case>{
           {"RUN", "outer/inner/task: canceled: the timeout of the run (100ms) passed"},
           {"OUTER", "outer/inner/task: canceled: the timeout of group 'outer' (100ms) passed"},
           {"INNER",
            "outer/inner/task: canceled: the timeout of group 'outer/inner' (100ms) passed"},
           {"TASK", "outer/inner/task: timed out after 100ms"}}) {
    CAPTURE(one.nearest);
    std::string filled = yaml;
    for (const std::string name : {"RUN", "OUTER", "INNER", "TASK"}) {
      filled.replace(filled.find(": " + name) + 2, name.size(),
                     name == one.nearest ? "100ms" : "1h");
    }
    const Ended end = test.run_yaml(filled);
    CHECK(end.how() == "exit 124");
    CHECK(contains(end.err, one.told + "\n"));
  }
}

TEST_CASE("[P3] what ignores the polite signal is killed after the grace") {
  CliTest test;
  const auto errand = test.start_yaml("grace: 300ms\ntasks: { a: '" + kStubborn + "' }");
  errand->await_mark("ready");
  const auto began = steady_clock::now();
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK(steady_clock::now() - began >= 300ms);
  CHECK_FALSE(test.held());
}

TEST_CASE("what ignores the polite signal does not outlive its timeout and the grace") {
  CliTest test;
  const Ended end =
      test.run_yaml("grace: 100ms\ntasks: { a: { timeout: 1s, run: '" + kStubborn + "' } }");
  CHECK(end.how() == "exit 124");
  CHECK_FALSE(test.held());
  CHECK(contains(end.err, "a: timed out after 1s\n"));
}

TEST_CASE("[P3] the wait ends as soon as the last process does, whatever the grace") {
  CliTest test;
  const auto errand = test.start_yaml(R"(
grace: 1h
tasks: { a: 'trap "touch clean; exit" TERM; echo ready >$MARKS; eval $AWAIT_SIGNAL' }
)");
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK(test.exists("clean"));
}

TEST_CASE("[P3] a second signal skips the grace") {
  for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(second);
    CliTest test;
    const auto errand = test.start_yaml(R"(
grace: 1h
tasks:
  a: 'trap "echo got >$MARKS" INT; exec 9>$HELD; echo ready >$MARKS; eval $AWAIT_SIGNAL'
)");
    errand->await_mark("ready");
    errand->signal(SIGINT);
    errand->await_mark("got");
    errand->signal(second);
    const Ended end = errand->finish();
    CHECK(end.signal == SIGINT);  // the first one is the cause
    CHECK(contains(end.err, "a: canceled: received SIGINT\n"));
    CHECK_FALSE(test.held());
  }
}

TEST_CASE("a grace of nothing kills at once") {
  CliTest test;
  const auto errand =
      test.start_yaml("grace: 1h\ntasks: { a: '" + kStubborn + "' }", {"--grace", "0"});
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK_FALSE(test.held());
}

TEST_CASE("--grace goes before the file, a task's own before its group's") {
  CliTest test;
  const Ended end = test.run_yaml("grace: 1h\ntasks: { a: { timeout: 50ms, grace: 50ms, run: '" +
                                  kStubborn + "' } }");
  CHECK(end.how() == "exit 124");
  CHECK(test.run_yaml("tasks: { a: { timeout: 50ms, grace: 1h, run: '" + kStubborn + "' } }",
                      {"--grace", "50ms"})
            .how() == "exit 124");
}

TEST_CASE("a task may choose its polite signal") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(R"(
grace: 1h
jobs: 0
tasks:
  a:
    kill_signal: USR1
    run: 'trap "" TERM; trap "echo USR1 >got; exit" USR1; echo >gate; eval $AWAIT_SIGNAL'
  fails: read line <gate; exit 3
)");
  CHECK(end.how() == "exit 3");
  CHECK(test.read("got") == "USR1\n");
}

TEST_CASE(
    "[P5] after SIGINT with a child that ignores it, errand is gone within its default grace and "
    "the "
    "report is complete") {
  CliTest test;
  const auto errand =
      test.start_yaml("tasks: { a: '" + kStubborn + "' }", {"--report", "json=report.json"});
  errand->await_mark("ready");
  const auto began = steady_clock::now();
  errand->signal(SIGINT);
  CHECK(errand->finish().signal == SIGINT);
  const auto took = steady_clock::now() - began;
  CHECK(took >= 5s);
  CHECK(took < 7s * (kSanitized ? 10 : 3));  // 7 s on a machine that has nothing else to do
  CHECK(contains(test.read("report.json"), "received SIGINT"));
  CHECK_FALSE(test.held());
}

// A run with a wall clock that jumps a day to and fro at each look. The program must be linked
// dynamically for that, and the tasks' processes see it as well.
TEST_CASE("a wall clock that is set during a run changes nothing but what it shows") {
  if (kSanitized) {
    WARN("skipped: a sanitizer's own library wants to be the first");
    return;
  }
  if (std::getenv("ERRAND_UNDER_TEST")) {
    WARN("skipped: nothing is preloaded into a static program");
    return;
  }
  CliTest test;
  test.write("errand.yaml", R"(
mode: aggregate
tasks:
  quick: { run: sleep 0.2, timeout: 1h }
  slow: { run: sleep 1000, timeout: 300ms }
  retried: { run: "test -e again || { touch again; exit 1; }", retry: { count: 1, delay: 100ms } }
  later: { run: echo later, needs: [quick] }
)");
  Call call{{"run", "--timeout", "1h", "--rate", "20/s", "--report", "json=report.json"}};
  call.env = {"LD_PRELOAD=" ERRAND_JUMPING_CLOCK};
  const auto began = steady_clock::now();
  const Ended end = test.run(call);
  const std::chrono::duration<double> took = steady_clock::now() - began;
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "slow: timed out after 300ms\n"));
  CHECK(contains(end.err, "4 tasks: 3 succeeded (1 flaky), 1 timed out in "));
  const nlohmann::json report = nlohmann::json::parse(test.read("report.json"));
  const std::time_t now = std::time(nullptr);
  char today[16];
  std::strftime(today, sizeof today, "%Y-%m-%dT", std::gmtime(&now));
  CHECK_FALSE(contains(report.at("run").at("started").get<std::string>(), today));  // it has jumped
  CHECK(report.at("run").at("duration") <= took.count());
  for (const nlohmann::json& task : report.at("tasks")) {
    CAPTURE(task.dump());
    CHECK(task.at("duration") >= 0.0);
    CHECK(task.at("duration") <= took.count());
  }
}

}  // namespace
}  // namespace errand::test
