// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

std::string trace(const RunRecord& run) {
  std::string text;
  render(ReportKind::trace, run, {}, [&text](std::string_view piece) { text += piece; });
  return text;
}

AttemptRecord attempt(int number, int slot, Duration began, Duration duration) {
  AttemptRecord attempt;
  attempt.number = number;
  attempt.slot = slot;
  attempt.began = began;
  attempt.duration = duration;
  attempt.ended = true;
  return attempt;
}

RunRecord run_of(std::vector<TaskRecord> tasks) {
  RunRecord run;
  run.name = "ci";
  run.ended = true;
  run.state = TaskState::succeeded;
  run.duration = 10s;
  run.tasks = std::move(tasks);
  return run;
}

void check_has(const std::string& text, const std::string& part) {
  CAPTURE(text, part);
  CHECK(text.find(part) != text.npos);
}

}  // namespace

TEST_CASE("each slot is a lane, and retries and hedges are seen") {
  TaskRecord task;
  task.name = "fetch";
  task.ended = true;
  task.attempts = {attempt(1, 1, 1s, 500ms), attempt(2, 2, 2s, 250ms), attempt(3, 1, 2100ms, 1s)};
  task.attempts[0].state = TaskState::failed;
  task.attempts[0].cause = "exit 7";
  task.attempts[2].hedge = true;
  const std::string text = trace(run_of({task}));
  check_has(text, R"({"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"slot 2"}})");
  check_has(
      text,
      R"({"ph":"X","pid":1,"tid":1,"cat":"attempt","name":"fetch","ts":1000000,"dur":500000,"cname":"terrible")");
  check_has(text, R"("status":"failed","cause":"exit 7")");
  check_has(text, R"x("name":"fetch (attempt 2)","ts":2000000)x");
  check_has(text, R"x("cat":"hedge","name":"fetch (hedge 3)","ts":2100000)x");
  check_has(text,
            R"({"ph":"s","pid":1,"tid":1,"cat":"retry","name":"retry","id":"0.1","ts":1500000})");
  check_has(
      text,
      R"({"ph":"f","pid":1,"tid":2,"cat":"retry","name":"retry","id":"0.1","ts":2000000,"bp":"e"})");
  check_has(text, R"("name":"hedge","id":"0.2","ts":2100000})");
}

TEST_CASE("services that run at one time have lanes of their own, behind the slots") {
  TaskRecord task, first, second, third;
  task.name = "t";
  task.attempts = {attempt(1, 1, 0s, 1s)};
  first.service = second.service = third.service = true;
  first.name = "first";
  first.attempts = {attempt(1, 0, 0s, 2s)};
  second.name = "second";
  second.attempts = {attempt(1, 0, 1s, 2s)};
  third.name = "third";
  third.attempts = {attempt(1, 0, 2s, 2s)};
  const std::string text = trace(run_of({task, first, second, third}));
  check_has(text, R"("tid":2,"cat":"service","name":"first")");
  check_has(text, R"("tid":3,"cat":"service","name":"second")");
  check_has(text, R"("tid":2,"cat":"service","name":"third")");
  check_has(text, R"("tid":3,"name":"thread_name","args":{"name":"service 2"})");
}

TEST_CASE("an attempt without an end lasts until the last event") {
  TaskRecord task;
  task.name = "t";
  task.attempts = {attempt(1, 1, 4s, 0s)};
  task.attempts[0].ended = false;
  check_has(trace(run_of({task})), R"("ts":4000000,"dur":6000000)");
}
