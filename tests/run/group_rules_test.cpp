// SPDX-License-Identifier: Apache-2.0
//
// What groups decide: race, halt, limits, locks, weight, rate, breaker; and tasks with one key.
#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {
using Names = std::vector<std::string>;
}

// ---- race

TEST_CASE("the first success of a race stops the rest and the run succeeds") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .exit_code = 1};
  test.executor.behaviors["b"] = {.takes = 2s};
  test.executor.behaviors["c"] = {.takes = 1h};
  const RunEnded ended = test.run_plan("mode: race\ntasks: {a: x, b: x, c: x}");
  CHECK(ended.exit_status == 0);
  CHECK(ended.state == TaskState::succeeded);
  CHECK(test.recorder.state("a") == "failed: exit 1");
  CHECK(test.recorder.state("c") == "canceled: b succeeded first");
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("a race fails only when all fail") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.executor.behaviors["b"] = {.exit_code = 2};
  const RunEnded ended = test.run_plan("mode: race\ntasks: {a: x, b: x}");
  CHECK(ended.exit_status == 1);
  CHECK(ended.error.message() == "2 of 2 tasks failed");
}

TEST_CASE("a nested race is one success of its parent") {
  RunTest test;
  test.executor.behaviors["m/slow"] = {.takes = 1h};
  test.executor.behaviors["m/bad"] = {.takes = 500ms, .exit_code = 1};
  CHECK(test.run_plan("tasks: {m: {mode: race, tasks: {fast: x, slow: x, bad: x}}, after: {run: x, "
                      "needs: m}}")
            .exit_status == 0);
  CHECK(test.recorder.state("after") == "succeeded");
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("an errgroup in a race is one runner: its failure does not stop the others") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.exit_code = 1};
  test.executor.behaviors["b"] = {.takes = 5s};
  CHECK(test.run_plan("mode: race\ntasks: {g: {tasks: {a: x}}, b: x}").exit_status == 0);
  CHECK(test.recorder.state("b") == "succeeded");
}

// ---- halt

TEST_CASE("soon,fail lets running tasks end and starts no more") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .exit_code = 3};
  test.executor.behaviors["b"] = {.takes = 9s};
  const RunEnded ended =
      test.run_plan("jobs: 2\nhalt: 'soon,fail=1'\ntasks: {a: x, b: x, c: x, d: x}");
  CHECK(ended.exit_status == 3);
  CHECK(test.recorder.state("b") == "succeeded");
  CHECK(test.recorder.state("c") == "canceled: halt soon,fail=1");
  CHECK(test.elapsed() == 9s);
}

TEST_CASE("now,fail=2 stops at the second failure") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .exit_code = 3};
  test.executor.behaviors["b"] = {.takes = 4s, .exit_code = 4};
  test.executor.behaviors["c"] = {.takes = 1h};
  const RunEnded ended = test.run_plan("halt: 'now,fail=2'\ntasks: {a: x, b: x, c: x}");
  CHECK(ended.exit_status == 3);
  CHECK(test.recorder.state("c") == "canceled: halt now,fail=2");
  CHECK(test.elapsed() == 4s);
}

TEST_CASE("failures below the rule's number fail the run at its end") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 3};
  test.executor.behaviors["b"] = {.takes = 4s};
  CHECK(test.run_plan("halt: 'now,fail=2'\ntasks: {a: x, b: x}").exit_status == 3);
  CHECK(test.recorder.state("b") == "succeeded");
}

TEST_CASE("now,success=1 is a success in spite of failures") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 3};
  test.executor.behaviors["b"] = {.takes = 2s};
  test.executor.behaviors["c"] = {.takes = 1h};
  CHECK(test.run_plan("halt: 'now,success=1'\ntasks: {a: x, b: x, c: x}").exit_status == 0);
  CHECK(test.recorder.state("c") == "canceled: halt now,success=1");
}

TEST_CASE("now,done=50% stops when half of the tasks are done") {
  RunTest test;
  test.executor.behaviors["c"] = test.executor.behaviors["d"] = {.takes = 1h};
  CHECK(test.run_plan("halt: 'now,done=50%'\ntasks: {a: x, b: x, c: x, d: x}").exit_status == 0);
  CHECK(test.recorder.state("d") == "canceled: halt now,done=50%");
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("a failure beside a rule's success fails neither the group nor those around it") {
  RunTest test;
  test.executor.behaviors["g/bad"] = {.takes = 1s, .exit_code = 3};
  test.executor.behaviors["other"] = {.takes = 5s};
  const RunEnded ended =
      test.run_plan("tasks: {g: {halt: 'now,success=1', tasks: {good: x, bad: x}}, other: x}");
  CHECK(ended.exit_status == 0);
  CHECK(test.recorder.state("g/bad") == "failed: exit 3");
  CHECK(test.recorder.state("other") == "succeeded");
}

TEST_CASE("what runs last is no success that a rule counts") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 3};
  CHECK(test.run_plan("halt: 'soon,success=1'\ntasks: {a: x, cleanup: {run: x, when: always}}")
            .exit_status == 3);
}

// ---- limits, locks and weight

TEST_CASE("[P23] a limit of one is never exceeded across groups") {
  RunTest test;
  test.run_plan(
      "limits: {db: 1}\ntasks: {a: {run: x, locks: [db]}, g: {tasks: {b: {run: x, locks: [db]}, c: "
      "x}}, d: {run: x, locks: [db]}}");
  CHECK(test.elapsed() == 3s);
  CHECK(test.executor.started == Names{"a", "g/c", "g/b", "d"});
}

TEST_CASE("a task waits for all of its locks and keeps none from others meanwhile") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 10s};
  test.run_plan(
      "limits: {p: 1, q: 1}\ntasks: {a: {run: x, locks: [p]}, both: {run: x, locks: [p, q]}, b: "
      "{run: x, locks: [q]}}");
  CHECK(test.executor.started == Names{"a", "b", "both"});
  CHECK(test.elapsed() == 11s);
}

TEST_CASE("a task takes as many of a limit as it says") {
  RunTest test;
  test.run_plan(
      "limits: {gpu: 3}\ntasks: {a: {run: x, locks: {gpu: 2}}, b: {run: x, locks: {gpu: 2}}, c: "
      "{run: x, locks: {gpu: 1}}}");
  CHECK(test.executor.started == Names{"a", "c", "b"});
}

TEST_CASE("a heavy task takes several slots and is not overtaken for ever") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 2s};
  test.run_plan("jobs: 2\ntasks: {a: x, heavy: {run: x, weight: 2}, b: x, c: x}");
  CHECK(test.executor.started == Names{"a", "heavy", "b", "c"});
  CHECK(test.elapsed() == 4s);
}

TEST_CASE("a task heavier than the limit runs alone") {
  RunTest test;
  test.run_plan("jobs: 2\ntasks: {a: x, heavy: {run: x, weight: 100}, b: x}");
  CHECK(test.executor.started == Names{"a", "heavy", "b"});
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("a task that waits for its next try gives its locks to others") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 1s, .exit_code = 1}, {.takes = 1s}};
  test.run_plan(
      "limits: {db: 1}\ntasks: {a: {run: x, locks: [db], retry: {count: 1, delay: 10s, jitter: "
      "none}}, b: {run: x, locks: [db]}}");
  CHECK(test.executor.started == Names{"a", "b", "a"});
}

TEST_CASE("interactive tasks have the terminal one after another") {
  RunTest test;
  test.run_plan("tasks: {a: {run: x, interactive: true}, b: {run: x, interactive: true}, c: x}");
  CHECK(test.executor.started == Names{"a", "c", "b"});
}

// ---- rate

TEST_CASE("a rate keeps the starts of a group apart and leaves others alone") {
  RunTest test;
  test.run_plan("tasks: {g: {rate: 2/s, tasks: {a: x, b: x, c: x}}, d: x}");
  CHECK(test.executor.started == Names{"g/a", "d", "g/b", "g/c"});
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("a delay keeps the starts of the run apart") {
  RunTest test;
  test.options.delay = 3s;
  test.run_plan("tasks: {a: x, b: x, c: x}");
  CHECK(test.elapsed() == 7s);
}

TEST_CASE("retries take part in the rate") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 1s, .exit_code = 1}, {.takes = 1s}};
  test.run_plan("rate: 6/m\ntasks: {a: {run: x, retry: {count: 1, delay: 0s, jitter: none}}}");
  CHECK(test.elapsed() == 11s);
}

TEST_CASE("a cancel ends the wait for a rate") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.run_plan("rate: 1/h\ntasks: {a: x, b: x}");
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("held back, one task runs at a time until there is room") {
  RunTest test;
  bool busy = true;
  test.options.held_back = [&] { return busy; };
  test.after(1500ms, [&] { busy = false; });
  test.run_plan("tasks: {a: x, b: x, c: x, d: x}");
  CHECK(test.executor.running_max == 3);
  CHECK(test.elapsed() == 3s);
}

TEST_CASE("what is canceled takes no turn of a rate from what runs last") {
  RunTest test;
  test.run_plan(
      "mode: race\njobs: 1\nrate: 1/s\ntasks: {a: x, b: x, cleanup: {run: x, when: always}}");
  CHECK(test.executor.started == Names{"a", "cleanup"});
  CHECK(test.elapsed() == 2s);
}

// ---- breaker

TEST_CASE("an open breaker refuses attempts until its delay is over") {
  RunTest test;
  for (const char* name : {"g/a", "g/b"}) test.executor.behaviors[name] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {g: {mode: aggregate, jobs: 1, breaker: {failures: 2, delay: 10s}, "
      "tasks: {a: x, b: x, c: x}}, wait: x}");
  CHECK(test.recorder.state("g/c") == "failed: the circuit breaker of group 'g' is open");
  CHECK(test.recorder.ended.at("g/c").attempts == 0);
  CHECK(test.executor.started == Names{"g/a", "wait", "g/b"});
}

TEST_CASE("a hedge that a breaker refuses leaves the original alone") {
  RunTest test;
  test.executor.behaviors["bad"] = {.takes = 1s, .exit_code = 1};
  test.executor.behaviors["a"] = {.takes = 5s};
  test.run_plan(
      "mode: aggregate\nbreaker: {failures: 1, delay: 1m}\ntasks: {bad: x, a: {run: x, hedge: "
      "{delay: 2s}}}");
  CHECK(test.recorder.state("a") == "succeeded");
  CHECK_FALSE(test.recorder.ended.at("a").flaky);
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("a task that is tried again rides out an open breaker") {
  RunTest test;
  for (const char* name : {"g/a", "g/b"}) test.executor.behaviors[name] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {g: {mode: aggregate, jobs: 1, breaker: {failures: 2, delay: 10s}, "
      "tasks: {a: x, b: x, c: {run: x, retry: {count: 1, delay: 20s, jitter: none}}}}}");
  CHECK(test.recorder.state("g/c") == "succeeded");
  CHECK(test.recorder.ended.at("g/c").attempts == 1);
}

// ---- key

TEST_CASE("tasks with one key run once and share the outcome") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 2s, .exit_code = 5};
  test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, key: k}, b: {run: x, key: k}, late: {run: x, key: k, "
      "needs: {slow: {condition: done}}}, slow: x, other: {run: x, key: l}, c: {run: x, needs: "
      "b}}");
  CHECK(test.executor.started == Names{"a", "slow", "other"});
  CHECK(test.recorder.state("b") == "failed: exit 5");
  CHECK(test.recorder.ended.at("b").same_as == "a");
  CHECK(test.recorder.ended.at("b").attempts == 0);
  CHECK(test.recorder.state("late") == "failed: exit 5");
  CHECK(test.recorder.state("c") == "skipped: needs b: failed");
}

TEST_CASE("when the task that runs for a key is canceled the next one runs") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.takes = 1h};
  test.executor.behaviors["g/bad"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {g: {tasks: {a: {run: x, key: k}, bad: x}}, b: {run: x, key: k}, c: "
      "{run: x, key: k}}");
  CHECK(test.executor.started == Names{"g/a", "g/bad", "b"});
  CHECK(test.recorder.state("b") == "succeeded");
  CHECK(test.recorder.state("c") == "succeeded");
}

TEST_CASE("a canceled group's followers do not wait for the leader") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 10s};
  test.executor.behaviors["g/bad"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, key: k}, g: {tasks: {b: {run: x, key: k}, bad: x}}}");
  CHECK(test.recorder.state("g/b") == "canceled: g/bad failed (exit 1)");
}

TEST_CASE("a canceled task names who did a key's work, not who shares the outcome") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .exit_code = 5};
  test.executor.behaviors["slow"] = {.takes = 1h};
  test.run_plan("tasks: {a: {run: x, key: k}, b: {run: x, key: k}, slow: x}");
  CHECK(test.recorder.state("slow") == "canceled: a failed (exit 5)");
}

TEST_CASE("a shared failure has the exit status of the work, and is allowed by its exit code") {
  RunTest test;
  test.executor.behaviors["g/a"] = {.takes = 1h};
  CHECK(test.run_plan("tasks: {g: {mode: aggregate, tasks: {a: {run: x, key: k, timeout: 1s}}}, b: "
                      "{run: x, key: k}}")
            .exit_status == 124);
  RunTest other;
  other.executor.behaviors["a"] = {.exit_code = 5};
  other.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, key: k}, b: {run: x, key: k, allow_failure: "
      "{exit_codes: [5]}}}");
  CHECK(other.recorder.ended.at("b").allowed);
}

TEST_CASE("a halt ends who waits for a key's work and starts none of them instead") {
  RunTest test;
  test.run_plan(
      "jobs: 1\nhalt: 'soon,success=1'\ntasks: {a: x, b: {run: x, key: k}, c: {run: x, key: k}}");
  CHECK(test.executor.started == Names{"a"});
  CHECK(test.recorder.state("c") == "canceled: halt soon,success=1");
}

TEST_CASE("a task that shares an outcome counts as started") {
  RunTest test;
  CHECK(test.run_plan("tasks: {a: {run: x, key: k}, b: {run: x, key: k}, c: {run: x, needs: {b: "
                      "{condition: started}}}}")
            .exit_status == 0);
  CHECK(test.recorder.state("c") == "succeeded");
}
