// SPDX-License-Identifier: Apache-2.0
//
// What is said of tasks that hedge after a percentile of earlier attempts.
#include "cmd/session/hedge_history.h"

#include "support/cmd_test.h"

namespace errand::test {
namespace {

constexpr const char* kHedged = "tasks: { a: { run: x, hedge: { delay: p95 } }, b: x }";

TEST_CASE("only tasks that hedge after a percentile have a line") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(kHedged);
  CHECK(cmd::hedge_lines(plan, {}) ==
        Words{"task 'a' is not hedged yet (p95 needs 5 earlier attempts, found 0)"});
  const Durations history = {{"a", std::vector<Duration>(12, std::chrono::seconds(2))}};
  CHECK(cmd::hedge_lines(plan, history) ==
        Words{"task 'a' is hedged after 2s (p95 of 12 earlier attempts)"});
  const Plan delay = test.plan_of_yaml("tasks: { a: { run: x, hedge: { delay: 2s } } }");
  CHECK(cmd::hedge_lines(delay, history).empty());
}

TEST_CASE("a note says why tasks cannot be hedged, in this run and in later ones") {
  CmdTest test;
  const Plan plan = test.plan_of_yaml(kHedged);
  const Origin file{test.path(), "errand.yaml"};
  const std::string what = "no task is hedged after p95: ";
  CHECK(cmd::no_hedge_note(plan, file, true) == "");
  CHECK(cmd::no_hedge_note(plan, file, false) ==
        what + "there are no earlier runs, and with --no-journal there never will be");
  CHECK(cmd::no_hedge_note(plan, {test.path(), ""}, true) ==
        what + "a task file on standard input has no earlier runs");
  CHECK(cmd::no_hedge_note(test.plan_of_yaml("tasks: { a: x }"), {test.path(), ""}, false) == "");
  test.env.clear();
  CHECK(cmd::no_hedge_note(plan, file, true) == what + "there is no folder of earlier runs");
}

}  // namespace
}  // namespace errand::test
