// SPDX-License-Identifier: Apache-2.0
#include "errand/events/replay.h"

#include <sstream>

#include "errand/events/event_lines.h"
#include "errand/plan/edit/remaining_tasks.h"
#include "errand/report/render.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

// Lines of whatever is told again.
class LineLog final : public Observer {
 public:
  void on(const RunEvent& event) override { text += lines_.format(event); }
  std::string text;

 private:
  EventLines lines_;
};

std::string log_of_everything() {
  LineLog lines;
  const Plan plan = make_plan({"lint", "lint/a", "build\xff", "db"});
  const Task &group = plan.task(1), &lint = plan.task(2), &build = plan.task(3);
  const TraceContext trace{"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01"};
  auto earlier = std::make_shared<PriorResults>();
  earlier->id = "r0";
  for (std::uint64_t i = 1; i < 2500; ++i) earlier->succeeded[i * i] = 1 + i % 2;
  earlier->failed = {5, 3, 4};
  earlier->failed_names = {"b", "a"};
  earlier->known = {7, 6};
  const Origin origin{"/ci", "a b.yaml", {"--var", "n=1"}, {"run", "-k", "a b.yaml"}};
  lines.on(at(0s, RunStarted{"r1", "c\"i", Mode::aggregate, &plan, 4, trace, origin, earlier}));
  lines.on(at(1ms, TaskReady{&group}));
  lines.on(at(1ms, TaskReady{&lint}));
  lines.on(at(1234us, AttemptStarted{&lint, 1, 2, false, "0123456789abcdef"}));
  lines.on(at(1235us, AttemptStarted{&lint, 2, 3, true}));
  AttemptEnded attempt;
  attempt.task = &lint;
  attempt.state = TaskState::failed;
  attempt.status = ExitStatus::signaled(9);
  attempt.error = Error::text("killed by SIGKILL");
  attempt.duration = 1234567us;
  attempt.usage = {10ms, 2ms, 4096, 5, 6};
  attempt.output = {{{0, 10}, {20, 5}}, 1, 77};
  attempt.last_lines = "boom\n";
  lines.on(at(2s, attempt));
  lines.on(at(2s, Notice{Notice::Level::warning, &lint, "left \x1b behind"}));
  TaskEnded ended = failed(lint, 2, 1500ms);
  ended.first_failure = true;
  ended.last_lines = "boom\n";
  lines.on(at(2s, ended));
  TaskEnded shared = succeeded(build, 0ms);
  shared.flaky = true;
  shared.flaky_cause = Error::text("exit 7");
  shared.same_as = "lint/a";
  lines.on(at(2s, shared));
  TaskEnded excluded = unstarted(plan.task(4), TaskState::skipped, "if: no");
  excluded.excluded = true;
  excluded.succeeded_in = "r0";
  lines.on(at(2s, excluded));
  RunEnded run;
  run.state = TaskState::failed;
  run.error = Error::text("2 of 3 tasks failed");
  run.by_tasks = true;
  run.exit_status = 1;
  run.duration = 3s;
  lines.on(at(3s, run));
  return lines.text;
}

struct ReplayedLog {
  explicit ReplayedLog(const std::string& log) {
    std::istringstream in(log);
    replayed = replay(in, lines);
  }
  LineLog lines;
  ReplayResult replayed;
};

}  // namespace

TEST_CASE("what a log tells again makes the same log") {
  const std::string log = log_of_everything();
  const ReplayedLog again(log);
  CHECK(again.replayed.ended);
  CHECK(again.replayed.problem.empty());
  CHECK(again.lines.text == log);
}

TEST_CASE("a stream's log has no plan, and its tasks may have one name") {
  LineLog lines;
  Task first, second;
  first.id = 1;
  second.id = 2;
  first.full_name = second.full_name = "x";
  first.run = Script{"echo one"};
  lines.on(at(0s, RunStarted{"r1", "stream", Mode::aggregate, nullptr, 0}));
  lines.on(at(0s, TaskReady{&first}));
  lines.on(at(0s, TaskReady{&second}));
  lines.on(at(1s, failed(second, 3)));
  lines.on(at(1s, succeeded(first)));
  lines.on(at(2s, RunEnded()));
  CHECK(ReplayedLog(lines.text).lines.text == lines.text);
}

TEST_CASE("a log that is cut anywhere is told until there, and has no end") {
  const std::string log = log_of_everything();
  for (std::size_t size = 0; size + 1 < log.size(); size += 53) {
    CAPTURE(size);
    const ReplayedLog again(log.substr(0, size));
    CHECK_FALSE(again.replayed.ended);
    const std::size_t whole = log.rfind('\n', size) == log.npos ? 0 : log.rfind('\n', size) + 1;
    if (!again.replayed.begun) CHECK(again.lines.text.empty());
    if (whole == size) continue;
    CHECK((again.replayed.problem.empty() ||
           again.replayed.problem.find("cut") != std::string::npos));
  }
}

TEST_CASE("lines that are no events end the log there, and say which") {
  const std::string log = log_of_everything();
  const std::size_t second = log.find('\n') + 1;
  for (const std::string bad :
       {"rubbish", "[]", "{}", R"({"event":3})", R"({"event":"task_ended","id":99})",
        R"({"event":"task_ended","id":1,"time":"x"})",
        R"({"event":"task_planned","task":"z","id":7})",
        R"({"event":"task_planned","task":"z","parent":"nobody"})",
        R"({"event":"notice","time":"2026-01-02T03:04:05.678Z","since_start":1e300})",
        R"({"event":"notice","time":"2026-01-02T03:04:05.678Z","since_start":9.9e9})",
        R"({"event":"notice","time":"9999-01-02T03:04:05.678Z","since_start":1})",
        R"({"event":"notice","time":"0001-01-02T03:04:05.678Z","since_start":1})"}) {
    CAPTURE(bad);
    const ReplayedLog again(log.substr(0, second) + bad + "\n" + log.substr(second));
    CHECK(again.replayed.begun);
    CHECK_FALSE(again.replayed.ended);
    CHECK(again.replayed.problem.starts_with("line 2 is no event: "));
  }
}

TEST_CASE("what is no event log tells nothing") {
  for (const std::string log : {"", "\n", "tasks: { a: x }\n", "{\"version\":1}\n",
                                R"({"event":"run_started","version":2})"}) {
    CAPTURE(log);
    const ReplayedLog again(log);
    CHECK_FALSE(again.replayed.begun);
    CHECK(again.lines.text.empty());
  }
}

TEST_CASE("events of versions to come are passed over") {
  std::string log = log_of_everything();
  const std::string line =
      R"({"time":"2026-01-02T03:04:05.678Z","since_start":2.5,"event":"moon_rose","id":1})"
      "\n";
  const std::size_t last = log.rfind('\n', log.size() - 2) + 1;
  const ReplayedLog again(log.substr(0, last) + line + log.substr(last));
  CHECK(again.replayed.ended);
  CHECK(again.lines.text == log);
}
