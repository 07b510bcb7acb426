// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Report {
  void on(Duration since, EventKind kind) { recorder.on(at(since, std::move(kind))); }
  void attempt(const Task& task, int number, TaskState state, ExitStatus status) {
    on(1s, AttemptStarted{&task, number, 1});
    AttemptEnded ended;
    ended.task = &task;
    ended.attempt = number;
    ended.state = state;
    ended.status = status;
    if (!status.success()) ended.error = Error::text(status.text());
    ended.duration = 250ms;
    on(1250ms, ended);
  }
  std::string finish(RunEnded ended) {
    ended.duration = 3s;
    on(3s, std::move(ended));
    return text();
  }
  std::string text() const {
    std::string text;
    render(ReportKind::json, recorder.record(), {},
           [&text](std::string_view piece) { text += piece; });
    return text;
  }

  RunRecorder recorder;
};

constexpr std::string_view kUsage =
    R"("rusage":{"user":0.0,"system":0.0,"rss_bytes_max":0,"voluntary_switches":0,"involuntary_switches":0})";

// The end of an attempt in the report.
std::string usage_and(const std::string& last_lines) {
  return std::string(kUsage) + R"(,"last_lines":")" + last_lines + R"("})";
}

}  // namespace

TEST_CASE("the report is one object with every task in file order") {
  Report report;
  const Plan plan = make_plan({"lint", "lint/a", "build", "deploy"});
  report.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  const Task &group = plan.task(1), &lint = plan.task(2), &build = plan.task(3);
  report.on(0s, TaskReady{&group});
  report.attempt(build, 1, TaskState::failed, ExitStatus::exited(2));
  TaskEnded failure = failed(build, 2, 250ms);
  failure.first_failure = true;
  failure.last_lines = "boom";
  report.on(1250ms, failure);
  report.on(1250ms, unstarted(plan.task(4), TaskState::skipped, "needs build: failed"));
  report.attempt(lint, 1, TaskState::failed, ExitStatus::exited(75));
  report.attempt(lint, 2, TaskState::succeeded, ExitStatus::exited(0));
  TaskEnded flaky = succeeded(lint, 500ms);
  flaky.flaky = true;
  flaky.attempts = 2;
  report.on(2s, flaky);
  TaskEnded group_ended;
  group_ended.task = &group;
  report.on(2s, group_ended);
  RunEnded ended;
  ended.state = TaskState::failed;
  ended.error = Error::text("build: exit 2");
  ended.exit_status = 2;
  const std::string usage = usage_and("");
  const auto attempt_start = [](int number) {
    return R"({"attempt":)" + std::to_string(number) +
           R"(,"slot":1,"started":"2026-01-02T03:04:06.678Z","duration":0.25,"status":)";
  };
  CHECK(report.finish(ended) ==
        R"({"version":1,
"run":{"id":"r1","name":"ci","mode":"errgroup","status":"failed","cause":"build: exit 2","exit_status":2,)"
        R"("started":"2026-01-02T03:04:05.678Z","duration":3.0},
"tasks":[
{"name":"lint","group":true,"status":"succeeded","cause":null,"first_failure":false,"flaky":false,"allowed":false,)"
        R"("duration":0.0,"last_lines":"","attempts":[]},
{"name":"lint/a","command":"make a","status":"succeeded","cause":null,"exit_code":0,"first_failure":false,"flaky":true,)"
        R"("allowed":false,"duration":0.5,"last_lines":"","attempts":[)" +
            attempt_start(1) + R"("failed","cause":"exit 75","exit_code":75,)" + usage + "," +
            attempt_start(2) + R"("succeeded","cause":null,"exit_code":0,)" + usage +
            R"(]},
{"name":"build","command":"make build","status":"failed","cause":"exit 2","exit_code":2,"first_failure":true,"flaky":false,)"
            R"("allowed":false,"duration":0.25,"last_lines":"boom","attempts":[)" +
            attempt_start(1) + R"("failed","cause":"exit 2","exit_code":2,)" + usage +
            R"(]},
{"name":"deploy","command":"make deploy","status":"skipped","cause":"needs build: failed","first_failure":false,"flaky":false,)"
            R"("allowed":false,"duration":0.0,"last_lines":"","attempts":[]}
]}
)");
}

TEST_CASE("a task that nobody has ended is canceled, with the run's cause") {
  Report report;
  const Plan plan = make_plan({"a"});
  report.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  RunEnded ended;
  ended.state = TaskState::canceled;
  ended.cause = Error::text("received SIGINT");
  const std::string text = report.finish(ended);
  CHECK(text.find(R"("status":"canceled","cause":"received SIGINT","exit_status":0)") != text.npos);
  CHECK(text.find(
            R"({"name":"a","command":"make a","status":"canceled","cause":"received SIGINT",)") !=
        text.npos);
}

TEST_CASE("tasks of a stream are in the order of coming, not of ending") {
  Report report;
  report.on(0s, RunStarted{"r1", "stream", Mode::aggregate, nullptr, 0});
  Task first, second;
  first.id = 1;
  first.full_name = "first";
  second.id = 2;
  second.full_name = "second";
  report.on(0s, TaskReady{&first});
  report.on(0s, TaskReady{&second});
  report.on(1s, succeeded(second));
  report.on(1s, succeeded(first));
  const std::string text = report.finish(RunEnded());
  CHECK(text.find("\"first\"") < text.find("\"second\""));
  CHECK(text.find("\"second\"") != text.npos);
}

TEST_CASE("an empty run is a report too, and bytes that are not UTF-8 are replaced") {
  Report report;
  const Plan plan = make_plan({});
  report.on(0s, RunStarted{"r1", "c\xffi", Mode::errgroup, &plan, 0});
  const std::string text = report.finish(RunEnded());
  CHECK(text.find(R"("name":"c�i")") != text.npos);
  CHECK(text.ends_with("\"tasks\":[\n]}\n"));
}

TEST_CASE("without an end the run and its tasks have no status") {
  Report report;
  const Plan plan = make_plan({"a"});
  report.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  report.on(1s, AttemptStarted{&plan.task(1), 1, 1});
  const std::string text = report.text();
  CHECK(text.find(R"("mode":"errgroup","status":null,"cause":"there is no end)") != text.npos);
  CHECK(text.find(R"("exit_status":null)") != text.npos);
  CHECK(text.find(R"("command":"make a","status":null)") != text.npos);
}

TEST_CASE("a hedge, a span and the trace are told") {
  Report report;
  const Plan plan = make_plan({"a"});
  const TraceContext trace{"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01"};
  report.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0, trace});
  report.on(1s, AttemptStarted{&plan.task(1), 2, 3, true, "0123456789abcdef"});
  const std::string text = report.finish(RunEnded());
  CHECK(text.find(
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","parent_id":"00f067aa0ba902b7")") !=
        text.npos);
  CHECK(text.find(R"({"attempt":2,"slot":3,"hedge":true,"span_id":"0123456789abcdef")") !=
        text.npos);
}

TEST_CASE("[F4.8] each attempt has its own last lines") {
  Report report;
  const Plan plan = make_plan({"a"});
  report.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  for (int number = 1; number <= 2; ++number) {
    report.on(1s, AttemptStarted{&plan.task(1), number, 1});
    AttemptEnded attempt;
    attempt.task = &plan.task(1);
    attempt.attempt = number;
    attempt.state = number == 1 ? TaskState::failed : TaskState::succeeded;
    attempt.last_lines = number == 1 ? "boom" : "fine";
    report.on(2s, attempt);
  }
  TaskEnded ended = succeeded(plan.task(1));
  ended.flaky = true;
  ended.last_lines = "fine";
  report.on(2s, ended);
  const std::string text = report.finish(RunEnded());
  CHECK(text.find(usage_and("boom")) != text.npos);
  CHECK(text.find(usage_and("fine")) != text.npos);
}
