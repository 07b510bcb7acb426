// SPDX-License-Identifier: Apache-2.0
//
// hedge: { delay: p95 }: what runs learn from earlier ones of the same file.
#include <filesystem>

#include "support/cli.h"

namespace errand::test {
namespace {

namespace fs = std::filesystem;

// The original of the last run waits until its hedge has ended the race.
const std::string kPlan = R"(
tasks:
  fetch:
    hedge: { delay: p95 }
    run: |
      if [ -e slow ] && [ "$ERRAND_ATTEMPT" = 1 ]; then eval "$AWAIT_SIGNAL"; fi
      echo "attempt $ERRAND_ATTEMPT"
)";

void learn(CliTest& test, int runs) {
  for (int i = 0; i < runs; ++i) CHECK(test.run_yaml(kPlan, {"-q"}).how() == "exit 0");
}

TEST_CASE("a slow attempt is hedged when earlier runs of the file have told how long it takes") {
  CliTest test;
  learn(test, 5);
  test.write("slow", "");
  const Ended end = test.run_yaml(kPlan, {"-v"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "attempt 2\n"));
  CHECK_FALSE(contains(end.out, "attempt 1\n"));
  CHECK(contains(end.err, "errand: task 'fetch' is hedged after "));
  CHECK(contains(end.err, " (p95 of 5 earlier attempts)\n"));
}

TEST_CASE("a task is not hedged before there are enough earlier attempts, and -v and -n say so") {
  CliTest test;
  learn(test, 4);
  const std::string text = "not hedged yet (p95 needs 5 earlier attempts, found 4)\n";
  const Ended dry = test.run({"run", "-n"});
  CHECK(contains(dry.out, "      hedge delay p95, max_attempts 2, non_fatal_exit any\n"));
  CHECK(contains(dry.out, "      " + text));
  const Ended end = test.run_yaml(kPlan, {"-v"});
  CHECK(contains(end.err, "errand: task 'fetch' is " + text));
  const Ended later = test.run({"run", "-n"});
  CHECK(contains(later.out, "      hedged after "));
  CHECK(contains(later.out, " (p95 of 5 earlier attempts)\n"));
}

TEST_CASE("attempts that failed at once teach nothing") {
  CliTest test;
  for (int i = 0; i < 6; ++i) {
    test.run_yaml("tasks: { a: { hedge: { delay: p50 }, run: exit 3 } }", {"-q"});
  }
  CHECK(contains(test.run({"run", "-n"}).out, "(p50 needs 5 earlier attempts, found 0)"));
}

TEST_CASE("runs of another file, and tasks of another name, teach nothing") {
  CliTest test;
  learn(test, 5);
  test.write("other.yaml", kPlan);
  CHECK(contains(test.run({"run", "-n", "other.yaml"}).out, "found 0)"));
  fs::create_directory(test / "in");
  test.write("in/errand.yaml", kPlan);
  CHECK(contains(test.run({"run", "-n", "-C", "in"}).out, "found 0)"));
  CHECK(contains(test.run({"run", "-n", "./errand.yaml"}).out, "of 5 earlier attempts)"));
  CHECK(contains(test.run(Call{.args = {"run", "-n", "../errand.yaml"}, .folder = "in"}).out,
                 "of 5 earlier attempts)"));
}

TEST_CASE("a run without a journal knows the earlier ones, and teaches nothing") {
  CliTest test;
  learn(test, 5);
  for (int i = 0; i < 2; ++i) {
    CHECK(contains(test.run_yaml(kPlan, {"-v", "--no-journal"}).err, "p95 of 5 earlier"));
  }
  test.run_yaml(kPlan);
  const Ended dry = test.run({"run", "-n"});
  CHECK(contains(dry.out, "hedged after "));
  CHECK_FALSE(contains(dry.out, "p95 of 5 earlier"));
}

TEST_CASE("logs that are damaged, or no logs, break no run") {
  CliTest test;
  learn(test, 5);
  const fs::path runs = test / ".local/state/errand/runs";
  std::vector<fs::path> logs;
  for (const auto& run : fs::directory_iterator(runs)) logs.push_back(run.path() / "events.jsonl");
  REQUIRE(logs.size() == 5);
  fs::resize_file(logs[0], 10);
  fs::resize_file(logs[1], fs::file_size(logs[1]) / 2);
  fs::remove(logs[2]);
  fs::create_directory(logs[2]);
  fs::remove_all(logs[3].parent_path());
  test.write(".local/state/errand/runs/none", "{}");
  fs::create_directory(runs / "zero");
  fs::create_symlink("/dev/zero", runs / "zero/events.jsonl");
  const Ended end = test.run_yaml(kPlan, {"-v"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "errand: task 'fetch' is not hedged yet (p95 needs 5 earlier attempts"));
}

TEST_CASE("a task file on standard input has no earlier runs, and errand says so once") {
  CliTest test;
  const std::string note =
      "errand: note: no task is hedged after p95: a task file on standard input has no earlier "
      "runs\n";
  const Ended end = test.run(Call{.args = {"run", "-"}, .input = kPlan});
  CHECK(end.how() == "exit 0");
  CHECK(count(end.err, note) == 1);
  CHECK(test.run(Call{.args = {"run", "-q", "-"}, .input = kPlan}).err.empty());
  CHECK(contains(test.run(Call{.args = {"run", "-n", "-"}, .input = kPlan}).out, "found 0)"));
}

TEST_CASE("where there is no folder of earlier runs, errand says so once") {
  CliTest test;
  test.write("errand.yaml", kPlan);
  const Ended end = test.run(Call{.args = {"run"}, .env = {"HOME="}});
  CHECK(end.how() == "exit 0");
  CHECK(count(end.err,
              "errand: note: no task is hedged after p95: there is no folder of earlier "
              "runs\n") == 1);
}

TEST_CASE("where no run is ever kept, errand says so once") {
  CliTest test;
  const std::string note =
      "errand: note: no task is hedged after p95: there are no earlier runs, and with --no-journal "
      "there never will be\n";
  CHECK(test.run_yaml(kPlan, {"--no-journal"}).err.starts_with(note));
  CHECK_FALSE(contains(test.run_yaml(kPlan, {"--no-journal", "-q"}).err, note));
  learn(test, 1);
  CHECK_FALSE(contains(test.run_yaml(kPlan, {"--no-journal"}).err, note));
}

TEST_CASE("tasks of a stream are hedged after a percentile of those that ended before") {
  CliTest test;
  std::string lines;
  for (int i = 0; i < 25; ++i)
    lines += R"({"run": "true", "hedge": {"delay": "p95"}})"
             "\n";
  lines +=
      R"({"name": "slow", "hedge": {"delay": "p95"}, "run": "test $ERRAND_ATTEMPT = 2 || eval \"$AWAIT_SIGNAL\"; echo attempt $ERRAND_ATTEMPT"})"
      "\n";
  const Ended end = test.run(Call{.args = {"run", "-j2", "-"}, .input = lines});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "attempt 2\n"));
}

TEST_CASE("a value that is neither a duration nor a percentile is refused where it stands") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { run: touch started, hedge: { delay: p100 } } }");
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand.yaml:1:51: delay: \"p100\" is no percentile; write p1 to p99\n"));
  CHECK_FALSE(test.exists("started"));
}

}  // namespace
}  // namespace errand::test
