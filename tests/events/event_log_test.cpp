// SPDX-License-Identifier: Apache-2.0
#include "errand/events/event_log.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Log {
  Log() {
    auto file = ReportFile::open(loop.runtime, path, ReportFile::OpenMode::truncate, out);
    REQUIRE(file.has_value());
    log.emplace(std::move(*file));
  }
  void on(Duration since, EventKind kind) { log->on(at(since, std::move(kind))); }
  std::string text() const { return read_file(path); }

  Loop loop;
  Folder folder;
  const std::string path = folder / "events.jsonl";
  OutputFile out_file;
  Writer out{loop.runtime, out_file.fd(), "standard output"};
  std::optional<EventLog> log;
};

}  // namespace

TEST_CASE("each event is one line, there as soon as it has happened") {
  Log log;
  const Plan plan = make_plan({"build", "build/a"});
  const Task& task = plan.task(2);
  log.on(0s, RunStarted{"r1", "ci", Mode::aggregate, &plan, 4});
  CHECK(
      log.text() ==
      R"({"time":"2026-01-02T03:04:05.678Z","since_start":0.0,"event":"run_started","version":1,"id":"r1",)"
      R"("name":"ci","mode":"aggregate","jobs":4,"tasks":2})"
      "\n"
      R"({"time":"2026-01-02T03:04:05.678Z","since_start":0.0,"event":"task_planned","task":"build","id":1,)"
      R"("group":true,"mode":"errgroup"})"
      "\n"
      R"({"time":"2026-01-02T03:04:05.678Z","since_start":0.0,"event":"task_planned","task":"build/a","id":2,)"
      R"("parent":"build","command":"make a","fingerprint":"24264bcd322894d1"})"
      "\n");
  std::size_t seen = log.text().size();
  const auto next = [&] {
    const std::string line = log.text().substr(seen);
    seen += line.size();
    return line;
  };
  log.on(500ms, TaskReady{&task});
  CHECK(
      next() ==
      R"({"time":"2026-01-02T03:04:06.178Z","since_start":0.5,"event":"task_ready","task":"build/a","id":2})"
      "\n");
  log.on(500ms, AttemptStarted{&task, 1, 3});
  CHECK(
      next().ends_with(R"("event":"attempt_started","task":"build/a","id":2,"attempt":1,"slot":3})"
                       "\n"));
  AttemptEnded attempt;
  attempt.task = &task;
  attempt.state = TaskState::failed;
  attempt.status = ExitStatus::signaled(9);
  attempt.error = Error::text("killed by SIGKILL");
  attempt.duration = 1234567us;
  attempt.usage.user = 10ms;
  attempt.usage.rss_bytes_max = 4096;
  log.on(2s, attempt);
  CHECK(next().ends_with(
      R"("event":"attempt_ended","task":"build/a","id":2,"attempt":1,"status":"failed","cause":"killed by SIGKILL",)"
      R"("signal":9,"duration":1.234567,"rusage":{"user":0.01,"system":0.0,"rss_bytes_max":4096,)"
      R"("voluntary_switches":0,"involuntary_switches":0}})"
      "\n"));
  TaskEnded ended = failed(task, 2, 1500ms);
  ended.last_lines = "boom\n";
  log.on(2s, ended);
  CHECK(next().ends_with(
      R"("event":"task_ended","task":"build/a","id":2,"status":"failed","cause":"exit 2","exit_code":2,"attempt_count":1,)"
      R"("first_failure":false,"flaky":false,"allowed":false,"duration":1.5,"last_lines":"boom\n"})"
      "\n"));
  log.on(2s, Notice{Notice::Level::warning, nullptr, "text"});
  CHECK(next().ends_with(R"("event":"notice","level":"warning","text":"text"})"
                         "\n"));
  RunEnded run;
  run.state = TaskState::failed;
  run.error = Error::text("build/a: exit 2");
  run.exit_status = 1;
  run.duration = 3s;
  log.on(3s, run);
  CHECK(next().ends_with(
      R"("event":"run_ended","status":"failed","cause":"build/a: exit 2","exit_status":1,"duration":3.0})"
      "\n"));
  CHECK_FALSE(log.loop.run(log.log->finish(log.loop.context)));
}

TEST_CASE("a line is one line of valid UTF-8 whatever a task prints or is called") {
  Log log;
  const Plan plan = make_plan({"a\nb\xff"});
  TaskEnded ended = failed(plan.task(1), 1);
  for (int value = 0; value < 256; ++value) ended.last_lines += static_cast<char>(value);
  log.on(0s, ended);
  const std::string text = log.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find(R"("task":"a\nb�")") != text.npos);
  CHECK(text.find("\\u0000\\u0001") != text.npos);
}
