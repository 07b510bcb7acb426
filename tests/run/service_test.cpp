// SPDX-License-Identifier: Apache-2.0
//
// Services, conditions of needs.
#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

using Names = std::vector<std::string>;

struct ServiceTest : RunTest {
  ServiceTest() {
    executor.behaviors["cache"] = {.takes = 1000h};
    executor.behaviors["db"] = {.takes = 1000h, .output = "listening\n"};
  }
};

}  // namespace

TEST_CASE(
    "[P26] what needs a service starts when it is ready, and the service is stopped after that") {
  ServiceTest test;
  test.executor.behaviors["db"].speaks_after = 3s;
  const RunEnded ended = test.run_plan(
      "tasks: {db: {run: x, service: true, ready: {log: listening}}, test: {run: x, needs: db}, "
      "other: x}");
  CHECK(ended.exit_status == 0);
  CHECK(test.recorder.lines == Names{"0s start db", "0s start other", "1s succeeded other",
                                     "3s notice ready", "3s start test", "4s succeeded test",
                                     "4s succeeded db", "4s end"});
}

TEST_CASE("a service without a ready check is ready once it has started") {
  ServiceTest test;
  CHECK(test.run_plan("tasks: {db: {run: x, service: true}, test: {run: x, needs: db}}")
            .exit_status == 0);
  CHECK(test.elapsed() == 1s);
}

TEST_CASE("a ready text is found across two writes, and not in half") {
  ServiceTest test;
  test.executor.behaviors["db"].output = "listen";
  const RunEnded ended = test.run_plan(
      "tasks: {db: {run: x, service: true, ready: {log: listening, timeout: 5s}}, test: {run: x, "
      "needs: db}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("db") == "failed: not ready after 5s");
  CHECK(test.recorder.state("test") == "skipped: needs db: failed");
}

TEST_CASE("a check is repeated until the service is ready") {
  ServiceTest test;
  test.after(2s, [&] { test.executor.ready.insert("db"); });
  CHECK(test.run_plan("tasks: {db: {run: x, service: true, ready: {tcp: 'localhost:1'}}, test: "
                      "{run: x, needs: db}}")
            .exit_status == 0);
  CHECK(test.elapsed() > 3s);
  CHECK(test.elapsed() < 5s);
}

TEST_CASE("a service that is not ready in time says what its check said") {
  ServiceTest test;
  test.run_plan(
      "tasks: {db: {run: x, service: true, ready: {exec: check, timeout: 5s}}, test: {run: x, "
      "needs: db}}");
  CHECK(test.recorder.state("db") == "failed: not ready after 5s: not yet");
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("[P26] a service that ends early fails, and its tests are canceled") {
  ServiceTest test;
  test.executor.behaviors["db"] = {.takes = 2s, .exit_code = 0};
  test.executor.behaviors["test"] = {.takes = 1h};
  const RunEnded ended =
      test.run_plan("tasks: {db: {run: x, service: true}, test: {run: x, needs: db}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("db") == "failed: ended while it was needed (exit 0)");
  CHECK(test.recorder.state("test") == "canceled: db failed (ended while it was needed (exit 0))");
}

TEST_CASE("a service that ends before it is ready is started again by retry") {
  ServiceTest test;
  test.executor.attempts["db"] = {{.takes = 2s, .exit_code = 1},
                                  {.takes = 1000h, .output = "listening\n"}};
  test.executor.behaviors["test"] = {.takes = 10s};
  CHECK(test.run_plan("tasks: {db: {run: x, service: true, ready: {log: listening}, retry: {count: "
                      "1, jitter: none}}, test: {run: x, needs: db}}")
            .exit_status == 0);
  CHECK(test.recorder.ended.at("db").attempts == 2);
}

TEST_CASE("[F5.12] a service that ends after it was ready has failed, whatever retry says") {
  for (const int code : {0, 1}) {
    for (const char* ready : {"", ", ready: {log: listening}"}) {
      CAPTURE(code, ready);
      ServiceTest test;
      test.executor.behaviors["db"] = {.takes = 2s, .exit_code = code, .output = "listening\n"};
      test.executor.behaviors["test"] = {.takes = 10s};
      const RunEnded ended =
          test.run_plan(std::string("mode: aggregate\ntasks: {db: {run: x, service: true, retry: "
                                    "{count: 3, delay: 1m}") +
                        ready + "}, test: {run: x, needs: db}}");
      CHECK(ended.exit_status == 1);
      const std::string why = "ended while it was needed (exit " + std::to_string(code) + ")";
      CHECK(test.recorder.state("db") == "failed: " + why);
      CHECK(test.recorder.ended.at("db").attempts == 1);
      CHECK_FALSE(test.recorder.ended.at("db").flaky);
      CHECK(test.recorder.state("test") == "succeeded");  // it ran already
      CHECK(test.elapsed() == 10s);
    }
  }
}

TEST_CASE("[F5.12] a service that ends while its retry is still to come has failed") {
  ServiceTest test;
  test.executor.behaviors["db"] = {.takes = 1s, .exit_code = 1};
  test.executor.behaviors["test"] = {.takes = 2s};
  const RunEnded ended = test.run_plan(
      "tasks: {db: {run: x, service: true, ready: {log: never}, retry: {count: 1, delay: 5s, "
      "jitter: none}}, test: {run: x, needs: {db: {condition: started}}}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("db") == "failed: ended while it was needed (exit 1)");
  CHECK(test.recorder.ended.at("db").attempts == 1);
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("[F5.12] what has not started does not start beside a service that has ended") {
  ServiceTest test;
  test.executor.behaviors["db"] = {.takes = 2s, .exit_code = 1};
  test.executor.behaviors["slow"] = {.takes = 5s};
  test.run_plan(
      "mode: aggregate\njobs: 1\ntasks: {db: {run: x, service: true}, slow: {run: x, needs: db}, "
      "queued: {run: x, needs: db}, waiting: {run: x, needs: [db, slow]}}");
  CHECK(test.recorder.state("slow") == "succeeded");
  CHECK(test.recorder.state("queued") == "skipped: needs db: failed");
  CHECK(test.recorder.state("waiting") == "skipped: needs db: failed");
}

TEST_CASE("[F5.12] a service's end comes before the failures that it caused") {
  for (const char* mode : {"errgroup", "aggregate"}) {
    CAPTURE(mode);
    ServiceTest test;
    // What it left behind delays its end; the task that lost its connection ends at once.
    test.executor.behaviors["db"] = {.takes = 2s, .exit_code = 7, .lingers = 300ms};
    test.executor.behaviors["test"] = {.takes = 2s, .exit_code = 1};
    const RunEnded ended =
        test.run_plan("mode: " + std::string(mode) +
                      "\ntasks: {db: {run: x, service: true}, test: {run: x, needs: db}}");
    CHECK(ended.exit_status == (mode == std::string("errgroup") ? 7 : 1));
    CHECK(test.recorder.lines == Names{"0s start db", "0s start test",
                                       "2.3s failed db: ended while it was needed (exit 7)",
                                       "2.3s failed test: exit 1", "2.3s end"});
  }
}

TEST_CASE(
    "[F5.12] a service may end a moment after the task that it made fail, and through another") {
  ServiceTest test;
  test.executor.behaviors["db"] = {.takes = 2020ms, .exit_code = 7};
  test.executor.behaviors["web"] = {.takes = 1000h};
  test.executor.behaviors["g/test"] = {.takes = 2s, .exit_code = 1};
  const RunEnded ended = test.run_plan(
      "tasks: {db: {run: x, service: true}, web: {run: x, service: true, needs: db}, g: {needs: "
      "web, tasks: {test: x}}}");
  CHECK(ended.exit_status == 7);
  CHECK(test.recorder.state("db") == "failed: ended while it was needed (exit 7)");
}

TEST_CASE("a task that fails beside a living service does not wait for it for long") {
  ServiceTest test;
  test.executor.behaviors["test"] = {.takes = 2s, .exit_code = 1};
  const RunEnded ended =
      test.run_plan("tasks: {db: {run: x, service: true}, test: {run: x, needs: db}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("db") == "succeeded");
  CHECK(test.elapsed() < 2100ms);
}

TEST_CASE("[P22] services hold no job slot") {
  ServiceTest test;
  CHECK(test.run_plan("jobs: 1\ntasks: {db: {run: x, service: true}, cache: {run: x, service: "
                      "true}, test: {run: x, needs: [db, cache]}, other: x}")
            .exit_status == 0);
  CHECK(test.recorder.state("test") == "succeeded");
}

TEST_CASE("a service that nothing needs ends with the work of its group") {
  ServiceTest test;
  test.executor.behaviors["a"] = {.takes = 7s};
  CHECK(test.run_plan("tasks: {db: {run: x, service: true}, a: x}").exit_status == 0);
  CHECK(test.recorder.state("db") == "succeeded");
  CHECK(test.elapsed() == 7s);
}

TEST_CASE("a service is not started for tasks that will never run") {
  ServiceTest test;
  test.run_plan(
      "mode: aggregate\ntasks: {bad: x, db: {run: x, service: true, needs: bad}, test: {run: x, "
      "needs: [db, bad]}}");
  CHECK(test.executor.started == Names{"bad", "db", "test"});
  ServiceTest other;
  other.executor.behaviors["bad"] = {.exit_code = 1};
  other.run_plan(
      "mode: aggregate\ntasks: {bad: x, slow: x, db: {run: x, service: true, needs: slow}, test: "
      "{run: x, needs: [db, bad]}}");
  CHECK(other.executor.started == Names{"bad", "slow"});
  CHECK(other.recorder.state("db") == "skipped: nothing needs it any more");
}

TEST_CASE("a service is needed by groups and from other groups") {
  ServiceTest test;
  test.executor.behaviors["g/b"] = {.takes = 5s};
  CHECK(
      test.run_plan("tasks: {db: {run: x, service: true}, g: {needs: db, tasks: {a: x, b: x}}, h: "
                    "{tasks: {c: {run: x, needs: db}}}}")
          .exit_status == 0);
  CHECK(test.elapsed() == 5s);
}

TEST_CASE("services are canceled with the run") {
  ServiceTest test;
  test.executor.behaviors["test"] = {.exit_code = 4};
  const RunEnded ended = test.run_plan(
      "tasks: {db: {run: x, service: true, ready: {log: never}}, test: x, late: {run: x, needs: "
      "db}}");
  CHECK(ended.exit_status == 4);
  CHECK(test.recorder.state("db") == "canceled: test failed (exit 4)");
  CHECK(test.recorder.state("late") == "canceled: test failed (exit 4)");
}

TEST_CASE("a last task that needs a service has it") {
  ServiceTest test;
  CHECK(test.run_plan("tasks: {db: {run: x, service: true}, a: {run: x, needs: db}, dump: {run: x, "
                      "when: always, needs: {db: {condition: ready}, a: {condition: done}}}}")
            .exit_status == 0);
  CHECK(test.executor.started == Names{"db", "a", "dump"});
}

TEST_CASE("a service whose users are all skipped does not go on") {
  ServiceTest test;
  test.executor.behaviors["long"] = {.takes = 1h};
  test.run_plan(
      "tasks: {db: {run: x, service: true}, long: x, off: {run: x, if: 'false'}, test: {run: x, "
      "needs: [db, off]}}");
  CHECK(test.recorder.ended.at("db").duration == 0s);
}

TEST_CASE("a service that nothing needs any more is not started again") {
  ServiceTest test;
  test.executor.behaviors["db"] = {.takes = 1s, .exit_code = 1};
  test.executor.behaviors["test"] = {.takes = 2s};
  test.executor.behaviors["long"] = {.takes = 1h};
  CHECK(test.run_plan("mode: aggregate\ntasks: {db: {run: x, service: true, ready: {log: never}, "
                      "retry: {count: 1, delay: 5s, jitter: none}}, test: {run: x, needs: {db: "
                      "{condition: started}}}, long: x}")
            .exit_status == 1);
  CHECK(test.recorder.ended.at("db").attempts == 1);
  CHECK(test.recorder.ended.at("db").duration == 2s);
}

// ---- services that nothing needs, and groups of services

TEST_CASE("[F1.5] services alone are started in the order of their needs, then stopped") {
  ServiceTest test;
  test.executor.behaviors["web"] = {.takes = 1000h};
  test.executor.behaviors["db"].speaks_after = 3s;
  const RunEnded ended = test.run_plan(
      "tasks: {web: {run: x, service: true, needs: [db]}, db: {run: x, service: true, ready: {log: "
      "listening}}}");
  CHECK(ended.exit_status == 0);
  CHECK(test.recorder.lines == Names{"0s start db", "3s notice ready", "3s start web",
                                     "3s succeeded web", "3s succeeded db", "3s end"});
}

TEST_CASE("[F1.5] one service alone is started, and its failure is the run's") {
  ServiceTest test;
  CHECK(test.run_plan("tasks: {db: {run: x, service: true}}").exit_status == 0);
  CHECK(test.executor.started == Names{"db"});
  ServiceTest other;
  other.executor.behaviors["db"] = {.takes = 1s, .exit_code = 3};
  const RunEnded ended = other.run_plan(
      "tasks: {db: {run: x, service: true, ready: {log: never}}, cache: {run: x, service: true}}");
  CHECK(ended.exit_status == 3);
  CHECK(other.executor.started == Names{"db", "cache"});
}

TEST_CASE("[F1.5] a service whose group has no task left to run is skipped, not a success") {
  ServiceTest test;
  CHECK(test.run_plan("tasks: {off: {run: x, if: 'false'}, db: {run: x, service: true}}")
            .exit_status == 0);
  CHECK(test.executor.started.empty());
  CHECK(test.recorder.state("db") == "skipped: nothing needs it any more");
}

TEST_CASE("[F1.5] a group of services alone runs beside the work around it") {
  ServiceTest test;
  test.executor.behaviors["all/db"] = test.executor.behaviors["all/in/cache"] = {.takes = 1000h};
  test.executor.behaviors["a"] = {.takes = 7s};
  const RunEnded ended = test.run_plan(
      "tasks: {all: {tasks: {db: {run: x, service: true}, in: {tasks: {cache: {run: x, service: "
      "true}}}}}, a: x}");
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"all/db", "all/in/cache", "a"});
  CHECK(test.elapsed() == 7s);
}

TEST_CASE(
    "[F1.10] a matrix of services that a task needs is started, and runs until that has ended") {
  ServiceTest test;
  test.executor.behaviors["c/1"] = {.takes = 1000h, .output = "up\n", .speaks_after = 2s};
  test.executor.behaviors["c/2"] = {.takes = 1000h, .output = "up\n", .speaks_after = 3s};
  const RunEnded ended = test.run_plan(
      "tasks: {c: {run: x, service: true, ready: {log: up}, matrix: {n: [1, 2]}}, web: {run: x, "
      "needs: [c]}}");
  CHECK(ended.exit_status == 0);
  CHECK(test.recorder.lines == Names{"0s start c/1", "0s start c/2", "2s notice ready",
                                     "3s notice ready", "3s start web", "4s succeeded web",
                                     "4s succeeded c/1", "4s succeeded c/2", "4s succeeded c",
                                     "4s end"});
}

TEST_CASE("[F1.10] a group is met when its tasks have succeeded and its services are ready") {
  for (const char* condition : {"success", "ready"}) {
    CAPTURE(condition);
    ServiceTest test;
    test.executor.behaviors["g/db"] = {.takes = 1000h};
    test.executor.behaviors["g/migrate"] = {.takes = 5s};
    test.executor.behaviors["web"] = {.takes = 10s};
    const RunEnded ended = test.run_plan(
        "tasks: {g: {tasks: {db: {run: x, service: true}, migrate: {run: x, needs: db}}}, web: "
        "{run: x, needs: {g: {condition: " +
        std::string(condition) + "}}}}");
    CHECK(ended.exit_status == 0);
    CHECK(test.recorder.lines ==
          Names{"0s start g/db", "0s start g/migrate", "5s succeeded g/migrate", "5s start web",
                "15s succeeded web", "15s succeeded g/db", "15s succeeded g", "15s end"});
  }
}

TEST_CASE("[F1.10] a group whose task failed is never ready, and its services do not stay for it") {
  ServiceTest test;
  test.executor.behaviors["g/in/db"] = {.takes = 1000h};
  test.executor.behaviors["g/bad"] = {.takes = 2s, .exit_code = 1};
  const RunEnded ended = test.run_plan(
      "mode: aggregate\ntasks: {g: {mode: aggregate, tasks: {in: {tasks: {db: {run: x, service: "
      "true}}}, bad: x, slow: {run: x, needs: [in]}}}, web: {run: x, needs: [g]}}");
  CHECK(ended.exit_status == 1);
  CHECK(test.recorder.state("web") == "skipped: needs g: failed");
  CHECK(test.recorder.state("g/in/db") == "succeeded");
  CHECK(test.elapsed() == 2s);
}

TEST_CASE("[F1.10] a group is ready through the groups inside of it, of which some are skipped") {
  ServiceTest test;
  test.executor.behaviors["g/in/db"] = {.takes = 1000h, .output = "up\n", .speaks_after = 4s};
  const RunEnded ended = test.run_plan(
      "tasks: {g: {tasks: {in: {tasks: {db: {run: x, service: true, ready: {log: up}}}}, off: {if: "
      "'false', tasks: {x: x}}, a: x}}, web: {run: x, needs: [g]}, late: {run: x, needs: {g: "
      "{condition: ready}, web: {}}}}");
  CHECK(ended.exit_status == 0);
  CHECK(test.executor.started == Names{"g/in/db", "g/a", "web", "late"});
  CHECK(test.elapsed() == 6s);
}

TEST_CASE("[F1.10] a service of a needed group that dies early fails those that need the group") {
  ServiceTest test;
  test.executor.behaviors["g/db"] = {.takes = 3s, .exit_code = 9};
  test.executor.behaviors["web"] = {.takes = 1h};
  const RunEnded ended = test.run_plan(
      "tasks: {g: {tasks: {db: {run: x, service: true}}}, web: {run: x, needs: [g]}}");
  CHECK(ended.exit_status == 9);
  CHECK(test.recorder.state("web").starts_with("canceled: g/db failed"));
}

TEST_CASE("who waits for the end of a group with services does not keep them") {
  ServiceTest test;
  test.executor.behaviors["g/db"] = {.takes = 1000h};
  CHECK(test.run_plan("tasks: {g: {tasks: {db: {run: x, service: true}, a: {run: x, needs: db}}}, "
                      "web: {run: x, needs: {g: {condition: done}}}}")
            .exit_status == 0);
  CHECK(test.recorder.lines.back() == "2s end");
}

// ---- conditions

TEST_CASE("done waits for the end, however") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {a: x, b: {run: x, needs: {a: {condition: done}}}, c: {run: x, "
      "needs: a}}");
  CHECK(test.recorder.state("b") == "succeeded");
  CHECK(test.recorder.state("c") == "skipped: needs a: failed");
}

TEST_CASE("started waits for the first attempt") {
  RunTest test;
  test.executor.behaviors["a"] = {.takes = 10s};
  test.run_plan("tasks: {b: {run: x, needs: {a: {condition: started}}}, a: x}");
  CHECK(test.recorder.lines.front() == "0s start a");
  CHECK(test.elapsed() == 10s);
}

TEST_CASE("what waits for the start of a task that never starts is skipped") {
  RunTest test;
  test.executor.behaviors["bad"] = {.exit_code = 1};
  test.run_plan(
      "mode: aggregate\ntasks: {bad: x, a: {run: x, needs: bad}, b: {run: x, needs: {a: "
      "{condition: started}}}}");
  CHECK(test.recorder.state("b") == "skipped: needs a: skipped");
}
