// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/step_summary.h"

#include "errand/report/render.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

void tell_run(Observer& summary, const TaskEnded& end) {
  summary.on(at(0s, RunStarted{"id", "ci", Mode::aggregate, nullptr, 0}));
  summary.on(at(1s, end));
  RunEnded ended;
  ended.state = end.state;
  summary.on(at(2s, ended));
}

void write(const std::string& path, const std::string& text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<::ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("the step summary is the Markdown report, apart from what is around it") {
  const Folder folder;
  const Plan plan = make_plan({"build"});
  StepSummary summary(folder / "summary.md");
  RunRecorder recorder;
  for (Observer* one : {static_cast<Observer*>(&summary), static_cast<Observer*>(&recorder)}) {
    tell_run(*one, failed(plan.task(1), 2));
  }
  std::string report;
  render(ReportKind::markdown, recorder.record(), {},
         [&report](std::string_view text) { report += text; });
  CHECK(report.find("| build | ❌ failed |") != report.npos);

  write(folder / "summary.md", "no newline");
  REQUIRE_FALSE(summary.append());
  CHECK(read_file(folder / "summary.md") == "no newline\n" + report + "\n");
}

TEST_CASE("the step summary takes what GitHub leaves it, or nothing") {
  const Folder folder;
  const std::string path = folder / "summary.md";
  const Plan plan = make_plan({"build"});
  StepSummary summary(path);
  tell_run(summary, failed(plan.task(1), 2));
  for (const std::size_t before : {kMarkdownBytesMax - 100, kMarkdownBytesMax + 100}) {
    write(path, std::string(before, 'x'));
    REQUIRE_FALSE(summary.append());
    CHECK(read_file(path).size() == before);
  }
  write(path, std::string(kMarkdownBytesMax - 300, 'x'));
  REQUIRE_FALSE(summary.append());
  CHECK(read_file(path).size() > kMarkdownBytesMax - 300);
  CHECK(read_file(path).size() <= kMarkdownBytesMax);
}

TEST_CASE("a step summary that cannot be written says why") {
  const Folder folder;
  const StepSummary summary(folder / "nowhere/summary.md");
  CHECK(summary.append().message() ==
        "step summary '" + folder / "nowhere/summary.md" + "': No such file or directory");
}

TEST_CASE("the step summary of a stream without an end is counted, failures first") {
  const Folder folder;
  StepSummary summary(folder / "summary.md");
  summary.on(at(0s, RunStarted{"id", "ci", Mode::aggregate, nullptr, 0}));
  Task task;
  constexpr int kTasks = 20000;
  for (int i = 1; i <= kTasks; ++i) {
    task.id = static_cast<TaskId>(i);
    task.full_name = std::to_string(i);
    summary.on(at(1s, i == kTasks ? failed(task, 7) : succeeded(task)));
  }
  RunEnded ended;
  ended.state = TaskState::failed;
  summary.on(at(2s, ended));
  REQUIRE_FALSE(summary.append());
  const std::string text = read_file(folder / "summary.md");
  CHECK(text.find("20000 tasks: 19999 succeeded, 1 failed") != text.npos);
  CHECK(text.find("| 20000 | ❌ failed |") != text.npos);
  CHECK(text.find("\nand 14999 more tasks.\n") != text.npos);
}
