// SPDX-License-Identifier: Apache-2.0
//
// if and when: tasks that are left out, and tasks that run last.
#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {
using Names = std::vector<std::string>;
}

TEST_CASE("a task whose condition is false is skipped, and so is what needs it; the run succeeds") {
  RunTest test;
  const RunEnded ended = test.run_plan(
      "tasks: {a: {run: x, if: 'false'}, b: {run: x, needs: a}, g: {if: 'false', tasks: {c: x}}, "
      "d: "
      "x}");
  CHECK(ended.exit_status == 0);
  CHECK(test.recorder.state("a") == "skipped: if: false");
  CHECK(test.recorder.state("b") == "skipped: needs a: skipped");
  CHECK(test.recorder.state("g/c") == "skipped: if: false");
  CHECK(test.recorder.state("g") == "skipped: if: false");
  CHECK(test.recorder.ended.at("b").excluded);
  CHECK(test.executor.started == Names{"d"});
}

TEST_CASE("what always runs comes last") {
  RunTest test;
  test.executor.behaviors["b"] = {.takes = 5s};
  test.run_plan("tasks: {cleanup: {run: x, when: always}, a: x, b: x, c: {run: x, needs: a}}");
  CHECK(test.executor.started == Names{"a", "b", "c", "cleanup"});
  CHECK(test.elapsed() == 6s);
}

TEST_CASE("what always runs also runs after a failure, and does not hide it") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 3};
  test.executor.behaviors["b"] = {.takes = 1h};
  const RunEnded ended = test.run_plan(
      "tasks: {a: x, b: x, cleanup: {run: x, when: always}, report: {run: x, when: on_failure}}");
  CHECK(ended.exit_status == 3);
  CHECK(test.recorder.state("b") == "canceled: a failed (exit 3)");
  CHECK(test.recorder.state("cleanup") == "succeeded");
  CHECK(test.recorder.state("report") == "succeeded");
}

TEST_CASE("what runs on failure is skipped when nothing fails") {
  RunTest test;
  CHECK(test.run_plan("tasks: {a: x, report: {run: x, when: on_failure}}").exit_status == 0);
  CHECK(test.recorder.state("report") == "skipped: when: nothing has failed");
}

TEST_CASE("with needs, always and on_failure wait for these alone") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.executor.behaviors["slow"] = {.takes = 10s};
  test.run_plan(
      "mode: aggregate\ntasks: {a: x, slow: x, after: {run: x, needs: a, when: always}, on: {run: "
      "x, needs: a, when: on_failure}, not: {run: x, needs: slow, when: on_failure}}");
  CHECK(test.executor.started == Names{"a", "slow", "after", "on"});
  CHECK(test.recorder.state("not") == "skipped: when: nothing has failed");
  CHECK(test.elapsed() == 10s);
}

TEST_CASE("the last tasks run after a cancel of the run") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1h};
  const RunEnded ended = test.run_plan(
      "tasks: {a: x, cleanup: {run: x, when: always}}", [&](CancelFn cancel, CancelFn) {
        test.after(2s, [cancel] { cancel(Error::make(SignalReceived{2})); });
      });
  CHECK(ended.exit_status == 130);
  CHECK(test.recorder.state("a") == "canceled: received SIGINT");
  CHECK(test.recorder.state("cleanup") == "succeeded");
}

TEST_CASE("a second signal ends the last tasks too") {
  RunTest test;
  test.executor.behaviors["a"] = test.executor.behaviors["cleanup"] = {.takes = 1h};
  test.run_plan(
      "tasks: {a: x, cleanup: {run: x, when: always, timeout: 2h}, more: {run: x, when: "
      "always, needs: cleanup}}",
      [&](CancelFn cancel, CancelFn hasten) {
        test.after(2s, [cancel] { cancel(Error::make(SignalReceived{2})); });
        test.after(5s, [hasten] { hasten(Error::make(SignalReceived{2})); });
      });
  CHECK(test.recorder.state("cleanup") == "canceled: received SIGINT");
  CHECK(test.recorder.state("more") == "canceled: received SIGINT");
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("after a cancel a last task without a time of its own has 30 seconds") {
  RunTest test;
  test.executor.behaviors["cleanup"] = {.takes = 1h};
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.run_plan("tasks: {a: x, cleanup: {run: x, when: always}}");
  CHECK(test.recorder.state("cleanup") == "timed_out: timed out after 30s");
  CHECK(test.elapsed() == 31s);
}

TEST_CASE("a failure of a last task fails the run") {
  RunTest test;
  test.executor.behaviors["cleanup"] = {.exit_code = 9};
  CHECK(test.run_plan("tasks: {a: x, cleanup: {run: x, when: always}}").exit_status == 9);
}

TEST_CASE("the last tasks of a nested group run when the run is canceled") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.executor.behaviors["g/b"] = {.takes = 1h};
  test.run_plan(
      "tasks: {a: x, g: {tasks: {b: x, cleanup: {run: x, when: always}}}, last: {when: always, "
      "tasks: {c: x}}}");
  CHECK(test.executor.started == Names{"a", "g/b", "g/cleanup", "last/c"});
}

TEST_CASE("the last tasks run after the run's timeout") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1h};
  CHECK(test.run_plan("timeout: 5s\ntasks: {a: x, cleanup: {run: x, when: always}}").exit_status ==
        124);
  CHECK(test.recorder.state("cleanup") == "succeeded");
}

TEST_CASE("a group of nothing but last tasks runs them") {
  RunTest test;
  CHECK(test.run_plan("tasks: {a: {run: x, when: always}}").exit_status == 0);
  CHECK(test.executor.started == Names{"a"});
}

TEST_CASE("a second signal ends the last tasks that wait for a slot") {
  RunTest test;
  test.executor.behaviors["a"] = test.executor.behaviors["first"] = {.takes = 1h};
  test.run_plan(
      "rate: 1/h\ntasks: {a: x, second: {run: x, when: always}, group: {when: always, tasks: {b: "
      "x}}}",
      [&](CancelFn cancel, CancelFn hasten) {
        test.after(2s, [cancel] { cancel(Error::make(SignalReceived{2})); });
        test.after(5s, [hasten] { hasten(Error::make(SignalReceived{2})); });
      });
  CHECK(test.recorder.state("second") == "canceled: received SIGINT");
  CHECK(test.recorder.state("group/b") == "canceled: received SIGINT");
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("what runs on failure sees what was skipped before its group began") {
  RunTest test;
  test.executor.behaviors["h/bad"] = {.exit_code = 1};
  test.executor.behaviors["h/slow"] = {.takes = 5s};
  test.run_plan(
      "mode: aggregate\ntasks: {h: {mode: aggregate, tasks: {bad: x, slow: x}}, g: {when: always, "
      "tasks: {report: {run: x, when: on_failure}, skipped: {run: x, needs: h/bad}}}}");
  CHECK(test.executor.started == Names{"h/bad", "h/slow", "g/report"});
}

TEST_CASE("what needs one task, as its group does, sees that it failed") {
  RunTest test;
  test.executor.behaviors["bad"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {bad: x, g: {needs: {bad: {condition: done}}, tasks: {report: {run: "
      "x, when: on_failure, needs: {bad: {condition: started}}}}}}");
  CHECK(test.executor.started == Names{"bad", "g/report"});
}

TEST_CASE("the failure of a group goes before those of what runs after it") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.takes = 1s, .exit_code = 2};
  test.executor.behaviors["g/k"] = {.takes = 2s, .exit_code = 7};
  CHECK(test.run_plan("tasks: {g: {halt: 'now,fail=3', tasks: {a: x, k: {run: x, key: k}}}, last: "
                      "{run: x, key: k, when: always}}")
            .exit_status == 2);
}

TEST_CASE("the failure of a nested group goes before what it causes elsewhere") {
  RunTest test;
  test.executor.behaviors["g/h/a"] = {.takes = 1h};
  CHECK(
      test.run_plan("tasks: {g: {tasks: {h: {mode: aggregate, tasks: {a: {run: x, key: k, timeout: "
                    "1s}}}}}, last: {run: x, key: k, needs: g/h, when: on_failure}}")
          .exit_status == 1);
}
