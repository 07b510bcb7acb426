// SPDX-License-Identifier: Apache-2.0
//
// Order, selection and how many at once.
#include <algorithm>

#include "support/cli.h"

namespace errand::test {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("a task starts when all it needs has succeeded") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
jobs: 0
tasks:
  last: { needs: [left, right], run: echo last >>order }
  left: { needs: [first], run: echo side >>order }
  right: { needs: [first], run: echo side >>order }
  first: echo first >>order
)");
  CHECK(end.how() == "exit 0");
  CHECK(test.read("order") == "first\nside\nside\nlast\n");  // the shared need ran once
}

TEST_CASE("what needs a failed task is skipped and says so, down the chain, in both modes") {
  CliTest test;
  for (const char* mode : {"errgroup", "aggregate"}) {
    CAPTURE(mode);
    const Ended end = test.run_yaml(
        "mode: " + std::string(mode) +
        "\ntasks: { a: exit 3, b: { needs: [a], run: touch b }, c: { needs: [a], run: touch c }, "
        "d: { needs: [b, c], run: touch d } }");
    CHECK(end.code == (mode == std::string("errgroup") ? 3 : 1));
    CHECK(contains(end.err, "b: skipped: needs a: failed\n"));
    CHECK(contains(end.err, "c: skipped: needs a: failed\n"));
    CHECK(contains(end.err, "d: skipped: needs b: skipped\n"));
    CHECK(test.names() == Lines{"errand.yaml"});
  }
}

TEST_CASE("a group can be needed, and needs for all of its tasks") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
jobs: 0
tasks:
  after: { needs: [group], run: cat order }
  group: { needs: [before], tasks: { a: echo inside >>order, b: { needs: [a], run: echo inside >>order } } }
  before: echo before >>order
)",
                                  {"-q"});
  CHECK(end.out == "before\ninside\ninside\n");
}

TEST_CASE("any task can be needed by its full name") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
jobs: 0
tasks:
  x: { tasks: { needs-y: { needs: [y/deep/task], run: cat y } } }
  y: { tasks: { deep: { tasks: { task: echo done >y } } } }
)",
                                  {"-q"});
  CHECK(end.out == "done\n");
}

TEST_CASE("named tasks run with what they need and nothing else") {
  CliTest test;
  test.write("errand.yaml", R"(
tasks:
  lint: { tasks: { format: echo format >>ran, tidy: echo tidy >>ran } }
  build: { needs: [configure], run: echo build >>ran }
  configure: echo configure >>ran
  test: { needs: [build], run: echo test >>ran }
)");
  const auto ran = [&](std::vector<std::string> names) {
    names.insert(names.begin(), {"run", "-q", "-j1"});
    CHECK(test.run(names).how() == "exit 0");
    Lines lines = lines_of(test.read("ran"));
    std::sort(lines.begin(), lines.end());
    test.write("ran", "");
    return lines;
  };
  CHECK(ran({"configure"}) == Lines{"configure"});
  CHECK(ran({"test"}) == Lines{"build", "configure", "test"});
  CHECK(ran({"lint"}) == Lines{"format", "tidy"});
  CHECK(ran({"lint/tidy"}) == Lines{"tidy"});
  CHECK(ran({"errand.yaml", "lint/tidy", "build"}) == Lines{"build", "configure", "tidy"});
}

TEST_CASE("an unknown task is an error that suggests the nearest, all of them at once") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { build: touch b, lint: { tasks: { tidy: touch t } } }",
                                  {"biuld", "lint/tydy", "build"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "\"biuld\", did you mean \"build\"?"));
  CHECK(contains(end.err, "\"lint/tydy\", did you mean \"lint/tidy\"?"));
  CHECK(test.names() == Lines{"errand.yaml"});
}

// Each task marks its begin and end. How many run at most, and whether that many do.
TEST_CASE("no more than -j tasks run at once, nested groups included, and as many as that do") {
  CliTest test;
  test.make_gate("gate");
  std::string yaml = "tasks:\n";
  const std::string script = "echo begin >$MARKS; read line <gate; echo end >$MARKS\n";
  for (int i = 0; i < 4; ++i) yaml += "  t" + std::to_string(i) + ": " + script;
  yaml += "  group:\n    jobs: 0\n    tasks:\n";
  for (int i = 0; i < 4; ++i) yaml += "      t" + std::to_string(i) + ": " + script;
  const auto errand = test.start_yaml(yaml, {"-j", "3"});
  int running = 0;
  for (int begun = 0, ended = 0; ended < 8;) {
    const std::string mark = errand->mark();
    running += mark == "begin" ? 1 : -1;
    (mark == "begin" ? begun : ended) += 1;
    REQUIRE(running <= 3);
    if (running == 3 || begun == 8) test.open_gate("gate");
  }
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("a nested group's own limit holds inside the run's") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(R"(
jobs: 0
tasks:
  narrow:
    jobs: 1
    tasks:
      a: &t echo begin >$MARKS; read line <gate; echo end >$MARKS
      b: *t
      c: *t
  other: 'true'
)");
  for (int i = 0; i < 3; ++i) {
    errand->await_mark("begin");
    test.open_gate("gate");
    errand->await_mark("end");
  }
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("with one job at a time tasks run in the order of the file, groups in their place") {
  CliTest test;
  const Ended end = test.run_yaml(
      "jobs: 1\ntasks: { a: echo a, g: { tasks: { b: echo b, h: { tasks: { c: echo c } }, d: echo "
      "d } }, e: echo e }",
      {"-q"});
  CHECK(end.out == "a\nb\nc\nd\ne\n");
}

TEST_CASE("[P22] one job is enough for groups, needs and failures: nothing waits for ever") {
  CliTest test;
  for (const char* jobs : {"1", "2", "3"}) {
    for (const char* mode : {"--fail-fast", "-k"}) {
      CAPTURE(jobs, mode);
      const Ended end = test.run_yaml(R"(
tasks:
  a: { needs: [z], run: 'true' }
  g: { jobs: 1, needs: [h], tasks: { b: { needs: [c], run: 'true' }, c: { tasks: { d: { needs: [z], run: 'true' } } } } }
  h: { tasks: { i: { tasks: { j: 'true', k: { needs: [y], run: 'true' } } } } }
  y: exit 3
  z: { needs: [h/i/j], run: 'true' }
)",
                                      {"-j", jobs, mode});
      CHECK(end.code == (mode == std::string("-k") ? 1 : 3));
      CHECK(contains(end.err, "7 tasks: "));
    }
  }
}

TEST_CASE("a long chain and a wide plan come to their end") {
  CliTest test;
  std::string chain = "tasks:\n  t0: 'true'\n";
  for (int i = 1; i < 300; ++i)
    chain += "  t" + std::to_string(i) + ": { needs: [t" + std::to_string(i - 1) +
             "], run: ['true'] }\n";
  CHECK(contains(test.run_yaml(chain).err, "300 tasks: 300 succeeded in "));
  std::string failing = "mode: aggregate\ntasks:\n  t0: 'false'\n";
  for (int i = 1; i < 20'000; ++i)
    failing += "  t" + std::to_string(i) + ": { needs: [t" + std::to_string(i - 1) +
               "], run: ['true'] }\n";
  CHECK(contains(test.run_yaml(failing).err, "20000 tasks: 1 failed, 19999 skipped in "));
  std::string wide = "jobs: 0\ntasks:\n";
  for (int i = 0; i < 300; ++i) wide += "  t" + std::to_string(i) + ": ['true']\n";
  CHECK(contains(test.run_yaml(wide).err, "300 tasks: 300 succeeded in "));
}

TEST_CASE("[F5.12] a service that dies is the first failure, whatever it leaves behind") {
  for (const char* mode : {"errgroup", "aggregate"}) {
    CAPTURE(mode);
    CliTest test;
    test.make_gate("die");
    test.make_gate("dead");
    // The sleep delays the service's end; its user fails at once.
    const Ended end = test.run_yaml(std::string("mode: ") + mode + R"(
tasks:
  db: { service: true, retry: 2, run: "sleep 1000 & read line <die; echo >dead; exit 7" }
  test: { needs: [db], run: "echo >die; read line <dead; exit 3" }
)");
    CHECK(end.how() == (mode == std::string("errgroup") ? "exit 7" : "exit 1"));
    const std::size_t db = end.err.find("db: failed: ended while it was needed (exit 7)");
    const std::size_t user = end.err.find("test: failed: exit 3");
    REQUIRE(db != end.err.npos);
    REQUIRE(user != end.err.npos);
    CHECK(db < user);
    CHECK_FALSE(contains(end.err, "flaky"));
  }
}

}  // namespace
}  // namespace errand::test
