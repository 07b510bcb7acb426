// SPDX-License-Identifier: Apache-2.0
#include "errand/report/step_summary.h"

#include "report/fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

StepSummary summary_of(const std::vector<TaskEnded>& ends, const RunEnded& ended = {}) {
  StepSummary summary;
  summary.on(at(0s, RunStarted{"id", "ci", Mode::aggregate, nullptr, 0}));
  for (const TaskEnded& one : ends) summary.on(at(1s, one));
  summary.on(at(2s, ended));
  return summary;
}

}  // namespace

TEST_CASE("the step summary is a table, failures first") {
  const Plan plan = make_plan({"lint", "build", "g", "g/test", "docs"});
  TaskEnded allowed = failed(plan.task(1), 1);
  allowed.allowed = true;
  TaskEnded flaky = succeeded(plan.task(2));
  flaky.flaky = true;
  flaky.attempts = 2;
  RunEnded ended;
  ended.state = TaskState::failed;
  ended.error = Error::text("g/test: exit 2");
  ended.duration = 3200ms;
  const StepSummary summary =
      summary_of({flaky, allowed, failed(plan.task(4), 2), failed(plan.task(3), 2),
                  unstarted(plan.task(5), TaskState::skipped, "needs g/test: failed")},
                 ended);
  CHECK(summary.text(StepSummary::kBytesMax) ==
        "### errand: ci: failed in 3.2s\n\n"
        "1 succeeded, 2 failed, 1 skipped\n\n"
        "g/test: exit 2\n\n"
        "| task | state | duration | attempts | why |\n"
        "| --- | --- | ---: | ---: | --- |\n"
        "| g/test | **failed** | 3.1s | 1 | exit 2 |\n"
        "| lint | failed (allowed) | 3.1s | 1 | exit 1 |\n"
        "| build | succeeded (flaky) | 1.2s | 2 |  |\n"
        "| docs | skipped |  | 0 | needs g/test: failed |\n\n");
}

TEST_CASE("what means something in Markdown or HTML is text in the table") {
  const Plan plan = make_plan({"a|b <img> `x` *y* [l](u)\n## h & \x1b[31m"});
  CHECK(summary_of({succeeded(plan.task(1))})
            .text(StepSummary::kBytesMax)
            .find("| a\\|b &lt;img> \\`x\\` \\*y\\* \\[l\\](u)\\\\n\\#\\# h &amp; \\\\e\\[31m |") !=
        std::string::npos);
}

TEST_CASE("the step summary of any number of tasks stays below its limit, and counts the rest") {
  StepSummary summary;
  const Plan plan = make_plan({std::string(250, 'x')});
  for (int i = 0; i < 20000; ++i) {
    summary.on(at(1s, i == 19999 ? failed(plan.task(1), 7) : succeeded(plan.task(1))));
  }
  summary.on(at(2s, RunEnded()));
  for (const std::size_t bytes_max : {StepSummary::kBytesMax, std::size_t{5000}}) {
    const std::string text = summary.text(bytes_max);
    CHECK(text.size() <= bytes_max);
    CHECK(text.size() > bytes_max - 500);
    CHECK(text.find("| **failed** |") != text.npos);
    CHECK(text.find(" more tasks\n") != text.npos);
  }
  CHECK(summary.text(100).empty());
  CHECK(summary.text(0).empty());
}
