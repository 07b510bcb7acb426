// SPDX-License-Identifier: Apache-2.0
//
// How groups of tasks fail, alone and inside each other.
#include "support/cli.h"

namespace errand::test {
namespace {

// Ends only when it is stopped; opens the gate when it runs.
const std::string kEndless = "exec 9>$HELD; echo started >gate; sleep 1000";

TEST_CASE("a run without failures exits with 0") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: echo one, b: echo two, c: { run: [echo, three] } }");
  CHECK(end.how() == "exit 0");
  for (const char* text : {"one\n", "two\n", "three\n"}) CHECK(contains(end.out, text));
  CHECK(contains(end.err, "3 tasks: 3 succeeded in "));
}

TEST_CASE("[F1.8] a file without a task is refused, however it is written") {
  CliTest test;
  for (const char* yaml : {"tasks: {}", "tasks: []", "tasks:", "[]", "name: x\ntasks: {}"}) {
    CAPTURE(yaml);
    const Ended end = test.run_yaml(yaml);
    CHECK(end.how() == "exit 125");
    CHECK(end.err == "errand.yaml:1:1: no tasks; write at least one below \"tasks\"\n");
    CHECK(test.run({"check"}).how() == "exit 125");
  }
  test.write("none.jsonl", " \n\n");
  CHECK(test.run({"run", "none.jsonl"}).err ==
        "errand: none.jsonl: no tasks; write one on each line\n");
  CHECK(test.run({"check", "none.jsonl"}).how() == "exit 125");
}

TEST_CASE("[F1.1] a file whose tasks are all left out by the user is a success and said so") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { run: touch hit, if: 'false' } }");
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err,
                 "errand: note: nothing was started: if, when or an earlier run leaves "
                 "out the only task\n"));
  CHECK(contains(test.run_yaml("tasks: { a: touch hit }", {"--skip", "*"}).err,
                 "errand: note: nothing was started: --only and --skip leave out the only task\n"));
  CHECK(test.run_yaml("tasks: { a: touch hit }", {"-q", "--skip", "*"}).err.empty());
  CHECK_FALSE(test.exists("hit"));
}

TEST_CASE("[F1.5] services alone are started, in the order of their needs") {
  CliTest test;
  const std::string service = "{ service: true, ready: { log: up }, run: 'echo ";
  const std::string rest = " >>ran; echo up; exec sleep 1000'";
  const std::string yaml = "tasks: { web: " + service + "web" + rest +
                           ", needs: [db] }, db: " + service + "db" + rest + " } }";
  CHECK(test.run_yaml(yaml).how() == "exit 0");
  CHECK(test.read("ran") == "db\nweb\n");
  CHECK(test.run_yaml(yaml, {"errand.yaml", "web"}).how() == "exit 0");
  CHECK(test.read("ran") == "db\nweb\ndb\nweb\n");
}

TEST_CASE("[F1.10] a task that needs a matrix or a group of services has them") {
  for (const char* services :
       {"c: { service: true, ready: { log: up }, matrix: { n: [1, 2] }, run: 'touch up$MATRIX_N; "
        "echo up; exec sleep 1000' }",
        "c: { tasks: { a: { service: true, ready: { log: up }, run: 'touch up1 up2; echo up; exec "
        "sleep 1000' } } }"}) {
    CliTest test;
    const Ended end =
        test.run_yaml("tasks: { web: { needs: [c], run: ls up* }, " + std::string(services) + " }");
    CHECK(end.how() == "exit 0");
    CHECK(contains(end.out, "up1\nup2\n"));
  }
}

TEST_CASE("[F1.11] a task that shares the outcome of another says so") {
  CliTest test;
  const Ended end =
      test.run_yaml("tasks: { a: { run: echo one, key: k }, b: { run: echo one, key: k } }");
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "one\n");
  CHECK(contains(end.err, "b: ok (the outcome of a)\n"));
}

TEST_CASE("[F1.9] --var for a name that no vars have is refused, with the nearest") {
  CliTest test;
  const Ended end =
      test.run_yaml("vars: { name: x }\ntasks: { a: touch hit }", {"--var", "nmae=y"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err,
                 "--var nmae: the file has no such name in its vars, did you mean \"name\"?"));
  Call stream{{"run", "--var", "x=1", "-"}};
  stream.input = "\"touch hit\"\n";
  CHECK(test.run(stream).how() == "exit 125");
  for (const char* command : {"list", "check", "graph"})
    CHECK(test.run({command, "--var", "nmae=y"}).how() == "exit 125");
  CHECK_FALSE(test.exists("hit"));
}

TEST_CASE("an errgroup stops at its first failure and exits with that status") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(
      "jobs: 2\n"
      "tasks:\n"
      "  endless: '" +
      kEndless +
      "; touch survived'\n"
      "  fails: read line <gate; exit 42\n"
      "  later: { needs: [endless], run: touch later }\n"
      "  queued: touch queued\n");
  CHECK(end.how() == "exit 42");
  CHECK_FALSE(test.held());
  for (const char* file : {"survived", "later", "queued"}) CHECK_FALSE(test.exists(file));
  CHECK(contains(end.err, "fails: failed: exit 42 in "));
  CHECK(contains(end.err, "canceled: 3 tasks: fails failed (exit 42)\n"));
  CHECK(last_lines(end.err, 1) == "errand: fails: exit 42\n");
}

TEST_CASE("the status is that of the cause and never of a task stopped because of it") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(
      "jobs: 0\n"
      "tasks:\n"
      "  stopped: 'trap \"exit 77\" TERM; echo started >gate; eval $AWAIT_SIGNAL'\n"
      "  fails: read line <gate; exit 3\n");
  CHECK(end.how() == "exit 3");
  CHECK(contains(end.err, "stopped: canceled: fails failed (exit 3)\n"));
}

TEST_CASE("[P9] a task that errand stopped is canceled even if it exits with 0") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(
      "jobs: 0\n"
      "tasks:\n"
      "  stopped: 'trap \"exit 0\" TERM; echo started >gate; eval $AWAIT_SIGNAL'\n"
      "  fails: read line <gate; exit 3\n");
  CHECK(end.how() == "exit 3");
  CHECK(contains(end.err, "stopped: canceled: fails failed (exit 3)\n"));
  CHECK(contains(end.err, "2 tasks: 1 failed, 1 canceled in "));
}

TEST_CASE("an aggregate runs everything, reports every failure, and exits with 1") {
  CliTest test;
  const Ended end = test.run_yaml(
      "mode: aggregate\n"
      "jobs: 1\n"
      "tasks: { a: exit 3, b: touch b, c: exit 4, d: kill -SEGV $$, e: touch e }\n");
  CHECK(end.how() == "exit 1");
  CHECK(test.exists("b"));
  CHECK(test.exists("e"));
  for (const char* text :
       {"a: failed: exit 3", "c: failed: exit 4", "d: failed: killed by SIGSEGV"})
    CHECK(contains(end.err, text));
  CHECK(contains(end.err, "5 tasks: 2 succeeded, 3 failed in "));
}

TEST_CASE("[P6] -k and --fail-fast choose the mode of the run over the file") {
  CliTest test;
  const std::string two = "jobs: 1\ntasks: { a: exit 3, b: touch b }\n";
  CHECK(test.run_yaml(two).how() == "exit 3");
  CHECK_FALSE(test.exists("b"));
  CHECK(test.run_yaml("mode: aggregate\n" + two, {"--fail-fast"}).how() == "exit 3");
  CHECK(test.run_yaml("mode: aggregate\n" + two, {"--mode", "errgroup"}).how() == "exit 3");
  CHECK_FALSE(test.exists("b"));
  for (const char* option : {"-k", "--keep-going", "--mode=aggregate"}) {
    CAPTURE(option);
    CHECK(test.run_yaml(two, {option}).how() == "exit 1");
    CHECK(test.exists("b"));
    test.run_yaml("tasks: { clean: rm b }");
  }
}

TEST_CASE("[P6] an aggregate inside an errgroup finishes its own, then is one failure") {
  CliTest test;
  const Ended end = test.run_yaml(
      "tasks:\n"
      "  lint:\n"
      "    mode: aggregate\n"
      "    jobs: 1\n"
      "    tasks: { a: exit 3, b: touch b, c: exit 5 }\n"
      "  publish: { needs: [lint], run: touch publish }\n");
  CHECK(end.how() == "exit 1");
  CHECK(test.exists("b"));
  CHECK_FALSE(test.exists("publish"));
  CHECK(contains(end.err, "lint/a: failed: exit 3"));
  CHECK(contains(end.err, "lint/c: failed: exit 5"));
}

TEST_CASE("a failed aggregate inside an errgroup cancels its siblings") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(
      "jobs: 0\n"
      "tasks:\n"
      "  endless: " +
      kEndless +
      "\n"
      "  lint:\n"
      "    mode: aggregate\n"
      "    tasks: { a: read line <gate; exit 3 }\n");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "endless: canceled: lint failed (1 of 1 task failed)\n"));
}

TEST_CASE("[P6] an errgroup inside an aggregate stops only its own tasks") {
  CliTest test;
  test.make_gate("gate");
  test.make_gate("stopped");
  const Ended end = test.run_yaml(R"(
mode: aggregate
jobs: 0
tasks:
  inner:
    tasks:
      endless: 'trap "echo >stopped; exit 1" TERM; echo started >gate; eval $AWAIT_SIGNAL'
      fails: read line <gate; exit 3
  slow: read line <stopped; touch slow
)");
  CHECK(end.how() == "exit 1");
  CHECK(test.exists("slow"));
  CHECK(contains(end.err, "inner/endless: canceled: inner/fails failed (exit 3)\n"));
}

TEST_CASE("[P8] an exit status comes out of three levels of errgroups") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(
      "tasks:\n"
      "  one:\n"
      "    tasks:\n"
      "      two:\n"
      "        tasks:\n"
      "          three: { tasks: { deep: exit 80 } }\n"
      "  sibling: " +
      kEndless + "\n");
  CHECK(end.how() == "exit 80");
  CHECK(contains(end.err, "one/two/three/deep: failed: exit 80"));
  CHECK(contains(end.err, "sibling: canceled: one/two/three/deep failed (exit 80)\n"));
  CHECK(last_lines(end.err, 1) == "errand: one/two/three/deep: exit 80\n");
}

TEST_CASE("[P7] each mode tells of any failure by its status, however deep") {
  CliTest test;
  for (const char* outer : {"errgroup", "aggregate"}) {
    for (const char* inner : {"errgroup", "aggregate"}) {
      CAPTURE(outer, inner);
      const Ended end =
          test.run_yaml("mode: " + std::string(outer) + "\ntasks: { g: { mode: " + inner +
                        ", tasks: { h: { tasks: { fails: exit 9, fine: 'true' } } } } }\n");
      const bool both = outer == std::string("errgroup") && inner == std::string("errgroup");
      CHECK(end.how() == (both ? "exit 9" : "exit 1"));
    }
  }
}

}  // namespace
}  // namespace errand::test
