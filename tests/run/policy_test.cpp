// SPDX-License-Identifier: Apache-2.0
//
// deadline(retry(hedge(timeout(attempt)))) of one task.
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

using Behavior = FakeExecutor::Behavior;
using Names = std::vector<std::string>;

const Behavior kFails{.takes = 1s, .exit_code = 1};
const Behavior kWorks{.takes = 1s};

}  // namespace

// ---- retry

TEST_CASE("[P17] a task is tried again after growing delays, and not after the last try") {
  RunTest test;
  test.executor.behaviors["a"] = kFails;
  const RunEnded ended = test.run_plan(
      "tasks: {a: {run: x, retry: {count: 3, delay: 1s, max_delay: 3s, jitter: none}}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.lines ==
        Names{"0s start a", "1s notice attempt 1 failed (exit 1); the next in 1s", "2s start a",
              "3s notice attempt 2 failed (exit 1); the next in 2s", "5s start a",
              "6s notice attempt 3 failed (exit 1); the next in 3s", "9s start a",
              "10s failed a: exit 1", "10s end"});
  CHECK(test.recorder.ended.at("a").attempts == 4);
}

TEST_CASE("[P17] a success on the second try is flaky") {
  RunTest test;
  test.executor.attempts["a"] = {kFails, kWorks};
  CHECK(test.run_plan("tasks: {a: {run: x, retry: 1}}").exit_status == 0);
  CHECK(test.recorder.ended.at("a").flaky);
  CHECK(test.recorder.ended.at("a").attempts == 2);
}

TEST_CASE("[P18] only the exit codes that are named are tried again") {
  RunTest test;
  test.executor.behaviors["transient"] = {.exit_code = 75};
  test.executor.behaviors["broken"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {transient: {run: x, retry: {count: 2, on_exit: [75]}}, broken: "
      "{run: x, retry: {count: 2, on_exit: [75]}}}");
  CHECK(test.recorder.ended.at("transient").attempts == 3);
  CHECK(test.recorder.ended.at("broken").attempts == 1);
}

TEST_CASE("a timeout is tried again unless on_timeout is false") {
  RunTest test;
  test.executor.behaviors["a"] = test.executor.behaviors["b"] = {.takes = 10s};
  test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, timeout: 1s, retry: 1}, b: {run: x, timeout: 1s, "
      "retry: {count: 1, on_timeout: false}}}");
  CHECK(test.recorder.ended.at("a").attempts == 2);
  CHECK(test.recorder.ended.at("b").attempts == 1);
  CHECK(test.recorder.state("b") == "timed_out: timed out after 1s");
}

TEST_CASE("what is not there is not tried again") {
  RunTest test;
  test.executor.behaviors["a"] = {.error = Error::make(NotExecutable{"no such program", 127})};
  CHECK(test.run_plan("tasks: {a: {run: x, retry: 5}}").exit_status == 127);
  CHECK(test.recorder.ended.at("a").attempts == 1);
}

TEST_CASE("a task that waits for its next try is canceled with its group") {
  RunTest test;
  test.executor.behaviors["a"] = kFails;
  test.executor.behaviors["b"] = {.takes = 5s, .exit_code = 2};
  const RunEnded ended = test.run_plan(
      "tasks: {a: {run: x, retry: {count: 1, delay: 1h, max_delay: 1h, jitter: none}}, b: x}");
  CHECK(ended.exit_status == 2);
  CHECK(test.recorder.state("a") == "canceled: b failed (exit 2)");
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("a task that waits for its next try gives its slot to others") {
  RunTest test;
  test.executor.attempts["a"] = {kFails, kWorks};
  test.run_plan(
      "jobs: 1\ntasks: {a: {run: x, retry: {count: 1, delay: 10s, jitter: none}}, b: x, c: x}");
  CHECK(test.executor.started == Names{"a", "b", "c", "a"});
  CHECK(test.executor.running_max == 1);
}

TEST_CASE("equal tasks draw different delays") {
  RunTest test;
  test.executor.behaviors["a"] = test.executor.behaviors["b"] = kFails;
  test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, retry: {count: 1, delay: 1h, max_delay: 1h}}, b: "
      "{run: x, retry: {count: 1, delay: 1h, max_delay: 1h}}}");
  CHECK(test.recorder.ended.at("a").duration != test.recorder.ended.at("b").duration);
}

TEST_CASE("a task that is canceled before its first try has not succeeded") {
  RunTest test;
  test.run_plan(
      "mode: race\ntasks: {none: {tasks: {x: {run: x, if: 'false'}}}, a: {run: x, retry: 1}}");
  CHECK(test.recorder.state("a") == "canceled: none succeeded first");
}

// ---- deadline

TEST_CASE("[P16] three tries of 8 seconds with a deadline of 10 end at 10") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 8s, .exit_code = 1};
  const RunEnded ended = test.run_plan(
      "tasks: {a: {run: x, deadline: 10s, retry: {count: 2, delay: 1s, jitter: none}}}");
  CHECK(ended.exit_status == 124);
  CHECK(test.recorder.state("a") == "timed_out: the deadline of 10s passed");
  CHECK(test.elapsed() == 10s);
}

TEST_CASE("who is canceled for a task's time hears whose it was and which") {
  const auto fate_beside = [](const std::string& limit) {
    RunTest test;
    for (const char* name : {"a", "b"}) test.executor.behaviors[name] = {.takes = 1h};
    test.run_plan("tasks: {a: {run: x, " + limit + "}, b: x}");
    return test.recorder.state("b");
  };
  CHECK(fate_beside("deadline: 10s") == "canceled: a: the deadline of 10s passed");
  CHECK(fate_beside("timeout: 10s") == "canceled: a timed out after 10s");
}

// ---- allow_failure, success_exit_codes

TEST_CASE("[P20] an allowed failure neither fails the run nor stops what needs it") {
  RunTest test;
  test.executor.behaviors["a"] = kFails;
  const RunEnded ended =
      test.run_plan("tasks: {a: {run: x, allow_failure: true}, b: {run: x, needs: a}, c: x}");
  CHECK(ended.exit_status == 0);
  CHECK(ended.state == TaskState::succeeded);
  CHECK(test.recorder.state("a") == "failed: exit 1");
  CHECK(test.recorder.ended.at("a").allowed);
  CHECK(test.recorder.state("b") == "succeeded");
}

TEST_CASE("only the exit codes that are allowed are") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 2};
  CHECK(test.run_plan("tasks: {a: {run: x, allow_failure: {exit_codes: [2]}}}").exit_status == 0);
  RunTest other;
  other.executor.behaviors["a"] = {.exit_code = 3};
  CHECK(other.run_plan("tasks: {a: {run: x, allow_failure: {exit_codes: [2]}}}").exit_status == 3);
}

TEST_CASE("an allowed failure is one after the last try") {
  RunTest test;
  test.executor.behaviors["a"] = kFails;
  CHECK(test.run_plan("tasks: {a: {run: x, allow_failure: true, retry: 2}}").exit_status == 0);
  CHECK(test.recorder.ended.at("a").attempts == 3);
}

TEST_CASE("the file says which exit codes are a success") {
  RunTest test;
  test.executor.behaviors["diff"] = {.exit_code = 1};
  test.executor.behaviors["zero"] = {.exit_code = 0};
  const RunEnded ended = test.run_plan(
      "mode: aggregate\ntasks: {diff: {run: x, success_exit_codes: [0, 1]}, zero: {run: x, "
      "success_exit_codes: [7]}}");
  CHECK(test.recorder.state("diff") == "succeeded");
  CHECK(test.recorder.state("zero") == "failed: exit 0");
  CHECK(ended.exit_status == 1);
}

TEST_CASE("a death by a signal counts as 128 and its number, as in a shell") {
  RunTest test;
  test.executor.behaviors["a"] = test.executor.behaviors["b"] =
      test.executor.behaviors["c"] = {.dies_of = 9};
  const RunEnded ended = test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, retry: {count: 1, on_exit: [137]}}, b: {run: x, "
      "allow_failure: {exit_codes: [137]}}, c: {run: x, success_exit_codes: [137]}}");
  CHECK(test.recorder.ended.at("a").attempts == 2);
  CHECK(test.recorder.ended.at("b").allowed);
  CHECK(test.recorder.state("c") == "succeeded");
  CHECK(ended.error.message() == "a: killed by SIGKILL");
}

TEST_CASE("a death for want of memory is told as one") {
  RunTest test;
  test.executor.behaviors["a"] = {.dies_of = 9, .out_of_memory = true};
  test.executor.behaviors["b"] = {.exit_code = 137, .out_of_memory = true};
  test.run_plan("mode: aggregate\ntasks: {a: {run: x}, b: {run: x}}");
  CHECK(test.recorder.state("a") == "failed: killed by SIGKILL (out of memory)");
  CHECK(test.recorder.state("b") == "failed: exit 137 (out of memory)");
}

TEST_CASE("[F4.8] a flaky task knows why its first attempt failed, each attempt its last lines") {
  RunTest test;
  test.executor.attempts["a"] = {{.exit_code = 7, .output = "one\n"},
                                 {.exit_code = 8, .output = "two\n"},
                                 {.output = "three\n"}};
  test.run_plan("tasks: {a: {run: x, retry: {count: 2, delay: 0}}}");
  const TaskEnded& ended = test.recorder.ended.at("a");
  CHECK(ended.flaky);
  CHECK(ended.flaky_cause.message() == "exit 7");
  std::vector<std::string> lines;
  for (const AttemptEnded& attempt : test.recorder.attempts) lines.push_back(attempt.last_lines);
  CHECK(lines == std::vector<std::string>{"one\n", "two\n", "three\n"});
}

TEST_CASE("exit 0 fails a task whose success_exit_codes do not have it, with status 1") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 0};
  test.executor.behaviors["b"] = {.exit_code = 3};
  const RunEnded ended =
      test.run_plan("defaults: {success_exit_codes: [3]}\ntasks: {b: x, a: {run: x, needs: b}}");
  CHECK(test.recorder.state("b") == "succeeded");
  CHECK(test.recorder.state("a") == "failed: exit 0");
  CHECK(ended.exit_status == 1);
}

// ---- hedge

TEST_CASE("a slow attempt is hedged, and only the winner's output is shown") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 60s, .output = "original"},
                                 {.takes = 1s, .output = "hedge"}};
  CHECK(test.run_plan("tasks: {a: {run: x, hedge: {delay: 2s}}}").exit_status == 0);
  CHECK(test.elapsed() == 3s);
  CHECK(test.output.shown == Names{"a: hedge"});
  CHECK(test.recorder.ended.at("a").attempts == 2);
  CHECK_FALSE(test.recorder.ended.at("a").flaky);
}

TEST_CASE("a fast attempt is not hedged") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1s, .output = "once"};
  test.run_plan("tasks: {a: {run: x, hedge: {delay: 2s}}}");
  CHECK(test.recorder.ended.at("a").attempts == 1);
  CHECK(test.output.shown == Names{"a: once"});
}

TEST_CASE("a non-fatal failure starts the hedge at once, a fatal one decides") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 1s, .exit_code = 7}, kWorks};
  test.executor.attempts["b"] = {{.takes = 1s, .exit_code = 2, .output = "why"}, kWorks};
  test.run_plan(
      "mode: aggregate\ntasks: {a: {run: x, hedge: {delay: 1m, non_fatal_exit: [7]}}, b: {run: x, "
      "hedge: {delay: 1m, non_fatal_exit: [7]}}}");
  CHECK(test.recorder.state("a") == "succeeded");
  CHECK(test.recorder.ended.at("a").flaky);
  CHECK(test.recorder.state("b") == "failed: exit 2");
  CHECK(test.elapsed() == 2s);
  CHECK(test.output.shown == Names{"b: why"});
}

TEST_CASE("when all hedges fail the last one's failure is the task's") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 1s, .exit_code = 1}, {.takes = 1s, .exit_code = 2}};
  CHECK(test.run_plan("tasks: {a: {run: x, hedge: {delay: 5s}}}").exit_status == 2);
}

TEST_CASE("hedges take job slots") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 10s}, {.takes = 1s}};
  test.run_plan("jobs: 1\ntasks: {a: {run: x, hedge: {delay: 2s}}}");
  CHECK(test.executor.running_max == 1);
  CHECK(test.elapsed() == 10s);
}

TEST_CASE("a hedge that waits for a slot does not start when the race is decided") {
  for (const int code : {0, 2}) {
    CAPTURE(code);
    RunTest test;
    test.executor.attempts["a"] = {{.takes = 10s, .exit_code = code}, kWorks, kWorks};
    test.run_plan(
        "mode: aggregate\njobs: 1\ntasks: {a: {run: x, hedge: {delay: 2s, max_attempts: 3, "
        "non_fatal_exit: [7]}}}");
    CHECK(test.recorder.ended.at("a").attempts == 1);
    CHECK(test.recorder.state("a") == (code == 0 ? "succeeded" : "failed: exit 2"));
    CHECK(test.elapsed() == 10s);
  }
}

TEST_CASE("a hedged task is retried as a whole") {
  RunTest test;
  test.executor.attempts["a"] = {kFails, kFails, kFails, kWorks};
  test.run_plan(
      "tasks: {a: {run: x, hedge: {delay: 1m}, retry: {count: 1, delay: 1s, jitter: none}}}");
  CHECK(test.recorder.state("a") == "succeeded");
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("a hedged task that is canceled shows what the original wrote") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 60s, .output = "said"};
  test.executor.behaviors["b"] = {.takes = 2s, .exit_code = 1};
  test.run_plan("tasks: {a: {run: x, hedge: {delay: 1s}}, b: x}");
  CHECK(test.recorder.state("a") == "canceled: b failed (exit 1)");
  CHECK(test.output.shown == Names{"a: said"});
}

// ---- slow_after

TEST_CASE("a slow attempt is told once") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 1h};
  test.run_plan("tasks: {a: {run: x, slow_after: 10m}}");
  CHECK(test.recorder.lines ==
        Names{"0s start a", "10m notice still running after 10m", "1h succeeded a", "1h end"});
}
