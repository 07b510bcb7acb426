// SPDX-License-Identifier: Apache-2.0
//
// After the stress tests that GNU parallel publishes (parallel_alternatives(7), MIX and
// STDERRMERGE): tasks that write parts of lines, slowly, at the same time. The lines must not mix,
// nor the streams of one task.
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

TEST_CASE("parts of lines written in turns come out as whole lines") {
  for (const char* mode : {"group", "live"}) {
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

TEST_CASE("parts of lines on two streams do not break each other's lines") {
  CliTest test;
  const std::string script =
      "for i in 1 2 3 4 5 6 7 8; do printf o$i; printf e$i >&2; done; echo; echo >&2";
  const Ended end = test.run_yaml("jobs: 0\ntasks: { a: '" + script + "', b: '" + script + "' }",
                                  {"-q", "-o", "live"});
  CHECK(count(end.out, " | o1o2o3o4o5o6o7o8\n") == 2);
  CHECK(count(end.err, " | e1e2e3e4e5e6e7e8\n") == 2);
  CHECK(lines_of(end.out).size() == 2);
  CHECK(lines_of(end.err).size() == 2);
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

}  // namespace
}  // namespace errand::test
