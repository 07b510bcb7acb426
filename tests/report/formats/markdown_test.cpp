// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

std::string markdown(const RunRecord& run, std::size_t bytes_max = kMarkdownBytesMax) {
  std::string text;
  render_markdown(run, [&text](std::string_view piece) { text += piece; }, bytes_max);
  return text;
}

RunRecord failed_run() {
  RunRecord run;
  run.name = "ci";
  run.started = WallTime(std::chrono::milliseconds(1767323045678));
  run.ended = true;
  run.state = TaskState::failed;
  run.cause = "build: exit 2";
  run.duration = 3s;
  run.tasks.resize(2);
  run.tasks[0].name = "lint";
  run.tasks[0].state = TaskState::succeeded;
  run.tasks[0].duration = 1s;
  run.tasks[0].attempts.resize(1);
  run.tasks[0].attempts[0].usage = {300ms, 100ms, 5 << 20, 0, 0};
  run.tasks[1].name = "build";
  run.tasks[1].command = "make build";
  run.tasks[1].state = TaskState::failed;
  run.tasks[1].cause = "exit 2";
  run.tasks[1].last_lines = "\x1b[31merror\x1b[0m: no\n";
  for (TaskRecord& task : run.tasks) task.ended = true;
  return run;
}

}  // namespace

TEST_CASE("failures come first, with their last lines") {
  CHECK(markdown(failed_run()) == R"(## ci: ❌ failed

2 tasks: 1 succeeded, 1 failed in 3s. Started 2026-01-02T03:04:05.678Z. build: exit 2

### ❌ build: exit 2

```text
$ make build
error: no
```

| task | result | attempts | time | CPU | memory | why |
|---|---|--:|--:|--:|--:|---|
| build | ❌ failed |  |  |  |  | exit 2 |
| lint | ✅ succeeded | 1 | 1s | 400ms | 5 MiB |  |
)");
}

TEST_CASE("each end of a task has its mark, in words") {
  RunRecord run = failed_run();
  run.tasks.resize(1);
  TaskRecord& task = run.tasks[0];
  const auto row = [&] {
    const std::string text = markdown(run);
    return text.substr(text.rfind("| lint"));
  };
  task.flaky = true;
  task.attempts.resize(2);
  CHECK(row().starts_with("| lint | ✅ succeeded (flaky) | 2 | 1s | "));
  task.attempts[0].ended = true;
  task.attempts[0].state = TaskState::failed;
  task.attempts[0].cause = "exit 7";
  CHECK(row().ends_with(" | attempt 1: exit 7 |\n"));
  task.flaky = false;
  task.state = TaskState::timed_out;
  CHECK(row().starts_with("| lint | ⏰ timed out | "));
  task.allowed = true;
  CHECK(row().starts_with("| lint | ⚠️ timed out (allowed) | "));
  task.allowed = false;
  task.attempts.clear();
  task.state = TaskState::canceled;
  task.cause = "received SIGINT";
  CHECK(row() == "| lint | 🚫 canceled |  |  |  |  | received SIGINT |\n");
  task.state = TaskState::skipped;
  CHECK(row().starts_with("| lint | ⏭️ skipped | "));
  task.ended = false;
  CHECK(row().starts_with("| lint | ❔ unfinished | "));
}

TEST_CASE("no name and no output changes the page around it") {
  RunRecord run = failed_run();
  run.tasks[1].name = "a|b`c`<img>*&\n# x";
  run.tasks[1].last_lines = "```\nnot the end\n````\n";
  const std::string text = markdown(run);
  CHECK(text.find("| a\\|b\\`c\\`&lt;img&gt;\\*&amp;\\\\n#<!-- --> x |") != text.npos);
  CHECK(text.find("`````text\n$ make build\n```\nnot the end\n````\n`````\n") != text.npos);
}

TEST_CASE("no name and no error calls for a person, refers to an issue or quotes") {
  RunRecord run = failed_run();
  run.name = "@octocat/ci";
  run.tasks[1].name = "mail @octocat #1";
  run.tasks[1].cause = "> @org/team: exit 2";
  const std::string text = markdown(run);
  CHECK(text.starts_with("## @<!-- -->octocat/ci: "));
  CHECK(text.find("| mail @<!-- -->octocat #<!-- -->1 |") != text.npos);
  CHECK(text.find("| &gt; @<!-- -->org/team: exit 2 |") != text.npos);
  CHECK(text.find("@o") == text.npos);
}

TEST_CASE("a large run stays below the limit, and says what is left out") {
  RunRecord run = failed_run();
  run.tasks.resize(50000, run.tasks[0]);
  for (const std::size_t bytes_max : {kMarkdownBytesMax, std::size_t{5000}}) {
    const std::string text = markdown(run, bytes_max);
    CHECK(text.size() <= bytes_max);
    CHECK(text.size() > bytes_max - 200);
    CHECK(text.find("| build | ❌ failed |") != text.npos);
    CHECK(text.find("\nand ") != text.npos);
    CHECK(text.ends_with(" more tasks.\n"));
  }
  CHECK(markdown(run, 100).empty());
  CHECK(markdown(run, 0).empty());
}

TEST_CASE("tasks that are only counted are in the counts") {
  RunRecord run = failed_run();
  run.left_out[static_cast<std::size_t>(TaskState::succeeded)] = 10;
  run.left_out[static_cast<std::size_t>(TaskState::timed_out)] = 2;
  const std::string text = markdown(run);
  CHECK(text.find("\n14 tasks: 11 succeeded, 1 failed, 2 timed out in 3s.") != text.npos);
  CHECK(text.ends_with("\nand 12 more tasks.\n"));
}

TEST_CASE("[F4.8] what loses a race has not failed in the Markdown report") {
  RunRecord run = failed_run();
  run.state = TaskState::succeeded;
  run.cause.clear();
  const std::string text = markdown(run);
  CHECK(text.find("2 tasks: 1 succeeded, 1 lost in 3s.") != text.npos);
  CHECK(text.find("| build | ➖ lost | ") != text.npos);
  CHECK(text.find("❌") == text.npos);
}
