// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"
#include "report/fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

std::string markdown(const RunRecord& run) {
  std::string text;
  render(ReportKind::markdown, run, {}, [&text](std::string_view piece) { text += piece; });
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

| task | result | time | CPU | memory | why |
|---|---|--:|--:|--:|---|
| build | ❌ failed |  |  |  | exit 2 |
| lint | ✅ succeeded | 1s | 400ms | 5 MiB |  |
)");
}

TEST_CASE("no name and no output changes the page around it") {
  RunRecord run = failed_run();
  run.tasks[1].name = "a|b`c`<img>*&\n# x";
  run.tasks[1].last_lines = "```\nnot the end\n````\n";
  const std::string text = markdown(run);
  CHECK(text.find("| a\\|b\\`c\\`&lt;img&gt;\\*&amp;\\\\n\\# x |") != text.npos);
  CHECK(text.find("`````text\n$ make build\n```\nnot the end\n````\n`````\n") != text.npos);
}

TEST_CASE("a large run stays below what GitHub takes, and says what is left out") {
  RunRecord run = failed_run();
  run.tasks.resize(50000, run.tasks[1]);
  const std::string text = markdown(run);
  CHECK(text.size() < 1'000'000);
  CHECK(text.find("\nand ") != text.npos);
  CHECK(text.ends_with(" more tasks.\n"));
}
