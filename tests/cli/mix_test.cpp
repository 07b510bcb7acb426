// SPDX-License-Identifier: Apache-2.0
//
// After the stress tests that GNU parallel publishes (parallel_alternatives(7)). MIX and
// STDERRMERGE are here: tasks that write parts of lines, slowly, at the same time; the lines must
// not mix, nor the streams of one task. RAM, DISKFULL and CLEANUP are in output_test.cpp: memory,
// disks and killed errands.
#include "support/cli.h"

namespace errand::test {
namespace {

// Three tasks that write one line each in many parts, alternating by a gate that only the next may
// pass.
const std::string kMix = R"(
jobs: 0
tasks:
  a: for i in 1 2 3 4 5 6 7 8; do read line <a.gate; printf a$i; echo >b.gate; done; echo
  b: for i in 1 2 3 4 5 6 7 8; do read line <b.gate; printf b$i; echo >c.gate; done; echo
  c: for i in 1 2 3 4 5 6 7 8; do read line <c.gate; printf c$i; echo >a.gate; done; echo
)";

TEST_CASE("[P11] parts of lines written in turns come out as whole lines") {
  for (const char* mode : {"group", "ordered", "live"}) {
    for (const Streams streams : {Streams::apart, Streams::together, Streams::terminal}) {
      CAPTURE(mode, static_cast<int>(streams));
      CliTest test;
      for (const char* gate : {"a.gate", "b.gate", "c.gate"}) test.make_gate(gate);
      test.open_gate("a.gate");
      test.write("errand.yaml", kMix);
      Call call{{"run", "-q", "-o", mode, "--color=never"}};
      call.streams = streams;
      const Ended end = test.run(call);
      CHECK(end.how() == "exit 0");
      CHECK(lines_of(end.out).size() == 3);
      for (const std::string name : {"a", "b", "c"}) {
        std::string line = mode == std::string("live") ? name + " | " : "";
        for (int i = 1; i <= 8; ++i) line += name + std::to_string(i);
        CHECK(count("\n" + end.out, "\n" + line + "\n") == 1);
      }
    }
  }
}

TEST_CASE("[P11] in errors mode the parts of lines of what fails come out whole") {
  for (const Streams streams : {Streams::apart, Streams::together, Streams::terminal}) {
    CliTest test;
    for (const char* gate : {"a.gate", "b.gate", "c.gate"}) test.make_gate(gate);
    test.open_gate("a.gate");
    std::string yaml = kMix;
    const std::string ends = "done; echo\n";
    for (std::size_t at = 0; (at = yaml.find(ends, at)) != yaml.npos; at += 1) {
      yaml.replace(at, ends.size(), "done; echo; exit 1\n");
    }
    test.write("errand.yaml", yaml);
    Call call{{"run", "-k", "-q", "-o", "errors", "--color=never"}};
    call.streams = streams;
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 1");
    for (const std::string name : {"a", "b", "c"}) {
      std::string line;
      for (int i = 1; i <= 8; ++i) line += name + std::to_string(i);
      CHECK(count("\n" + end.out, "\n" + line + "\n") == 1);
    }
  }
}

TEST_CASE("[P11] parts of lines on two streams do not break each other's lines") {
  CliTest test;
  const std::string script =
      "for i in 1 2 3 4 5 6 7 8; do printf o$i; printf e$i >&2; done; echo; echo >&2";
  for (const std::string mode : {"live", "group", "ordered"}) {
    CAPTURE(mode);
    const Ended end = test.run_yaml("jobs: 0\ntasks: { a: '" + script + "', b: '" + script + "' }",
                                    {"-q", "-o", mode});
    const std::string label = mode == "live" ? " | " : "";
    CHECK(count(end.out, label + "o1o2o3o4o5o6o7o8\n") == 2);
    CHECK(count(end.err, label + "e1e2e3e4e5e6e7e8\n") == 2);
    CHECK(lines_of(end.out).size() == 2);
    CHECK(lines_of(end.err).size() == 2);
  }
}

TEST_CASE("grouped output comes when its task ends, in the order of the ends") {
  CliTest test;
  test.make_gate("gate");
  const Ended end = test.run_yaml(R"(
jobs: 0
tasks:
  a: echo a1; read line <gate; echo a2
  b: echo b1; echo b2
  c: { needs: [b], run: echo >gate }
)",
                                  {"-q", "-o", "group"});
  CHECK(end.out == "b1\nb2\na1\na2\n");
}

TEST_CASE(
    "[P12] ordered output comes in the order of the file, the first task's as it is written") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(R"(
jobs: 0
tasks:
  a: printf a1; read line <gate; echo a2
  lint: { tasks: { b: echo b, c: printf c } }
  d: { run: echo d; exit 1, allow_failure: true }
  e: { needs: [d], run: echo e, if: env.NOSUCH == 'x' }
  f: { needs: [lint, d], run: echo f; echo >$MARKS }
)",
                                      {"-q", "-o", "ordered"});
  errand->await_mark("");
  errand->await_output("a1");
  CHECK(errand->out() == "a1");  // everything else has run
  test.open_gate("gate");
  CHECK(errand->finish().out == "a1a2\nb\nc\nd\nf\n");
}

TEST_CASE("ordered output of lines and of arguments comes in their order") {
  CliTest test;
  test.make_gate("gate");
  Call lines{{"run", "-q", "-j0", "-o", "ordered", "-"}};
  lines.input = R"({"name": "a", "run": "read line <gate; echo a"}
{"name": "b", "run": "echo b"}
{"name": "c", "run": "echo c; echo >gate"}
)";
  CHECK(test.run(lines).out == "a\nb\nc\n");
  Call arguments{{"exec", "-q", "-j0", "-o", "ordered",
                  "test {} != 1 || read line <gate; echo {}; test {} != 3 || echo >gate",
                  ":::", "1", "2", "3"}};
  CHECK(test.run(arguments).out == "1\n2\n3\n");
}

TEST_CASE("a service has its place in the order like any task") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
tasks:
  test: { needs: { db: { condition: ready } }, run: echo tested }
  db: { run: 'echo up; exec sleep 1000', service: true, ready: { log: up } }
)",
                                  {"-q", "-o", "ordered"});
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "tested\nup\n");
}

}  // namespace
}  // namespace errand::test
