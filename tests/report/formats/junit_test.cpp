// SPDX-License-Identifier: Apache-2.0
#include "errand/report/render.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

RunRecord record_of(std::vector<TaskRecord> tasks, TaskState state = TaskState::failed) {
  RunRecord run;
  run.id = "r1";
  run.name = "ci";
  run.started = WallTime(std::chrono::milliseconds(1767323045678));
  run.ended = true;
  run.state = state;
  run.duration = 3s;
  run.tasks = std::move(tasks);
  return run;
}

TaskRecord task(const std::string& name, TaskState state, const std::string& cause = "") {
  TaskRecord task;
  task.name = name;
  task.command = "make " + name;
  task.ended = true;
  task.state = state;
  task.cause = cause;
  task.duration = 1500ms;
  if (state == TaskState::succeeded) task.status = ExitStatus::exited(0);
  if (state == TaskState::failed) task.status = ExitStatus::exited(2);
  return task;
}

std::string junit(const RunRecord& run) {
  std::string text;
  render(ReportKind::junit, run, {}, [&text](std::string_view piece) { text += piece; });
  return text;
}

constexpr std::string_view kSuiteEnd = "\" time=\"3.000\" timestamp=\"2026-01-02T03:04:05\">\n";

}  // namespace

TEST_CASE("each group is a suite, and each task a case") {
  TaskRecord group = task("lint", TaskState::succeeded);
  group.group = true;
  group.command.clear();
  group.duration = 2s;
  group.ready = 1s;
  TaskRecord inside = task("lint/format", TaskState::succeeded);
  inside.parent = 0;
  inside.last_lines = "all \x1b[32mwell\x1b[0m";
  const auto run =
      record_of({group, inside, task("build", TaskState::succeeded)}, TaskState::succeeded);
  CHECK(
      junit(run) ==
      R"x(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ci" tests="2" failures="0" errors="0" time="3.000">
<testsuite name="ci" tests="2" failures="0" errors="0" skipped="0)x" +
          std::string(kSuiteEnd) +
          R"x(<testsuite name="lint" tests="1" failures="0" errors="0" skipped="0" time="2.000" timestamp="2026-01-02T03:04:06">
<testcase classname="ci.lint" name="format" time="1.500">
<system-out>all well
</system-out>
</testcase>
</testsuite>
<testcase classname="ci" name="build" time="1.500">
</testcase>
</testsuite>
</testsuites>
)x");
}

TEST_CASE("every way to end is told apart") {
  TaskRecord allowed = task("a", TaskState::failed, "exit 2");
  allowed.allowed = true;
  TaskRecord missing = task("m", TaskState::failed, "exec 'x': No such file");
  missing.status.reset();
  TaskRecord unfinished = task("u", TaskState::canceled);
  unfinished.ended = false;
  const std::string text = junit(
      record_of({task("f", TaskState::failed, "exit 2"),
                 task("t", TaskState::timed_out, "timed out after 1s"),
                 task("c", TaskState::canceled, "f failed (exit 2)"),
                 task("s", TaskState::skipped, "needs f: failed"), allowed, missing, unfinished}));
  for (const std::string element :
       {R"x(<failure type="failed" message="exit 2">$ make f)x",
        R"x(<failure type="timed_out" message="timed out after 1s">)x",
        R"x(<skipped type="canceled" message="canceled: f failed (exit 2)"/>)x",
        R"x(<skipped type="skipped" message="skipped: needs f: failed"/>)x",
        R"x(<skipped type="allowed" message="allowed failure: exit 2"/>)x",
        R"x(<error type="failed" message="exec 'x': No such file">)x",
        R"x(<error type="unfinished" message="unfinished: there is no end)x",
        R"x(tests="7" failures="2" errors="2" skipped="3")x"}) {
    CAPTURE(element, text);
    CHECK(text.find(element) != text.npos);
  }
}

TEST_CASE("a run that failed by itself is red although no task is") {
  RunRecord run = record_of({task("a", TaskState::canceled, "timeout")}, TaskState::timed_out);
  run.cause = "timed out after 1s";
  const std::string text = junit(run);
  CHECK(text.find(R"x(<testcase classname="ci" name="(the run)">
<error type="timed_out" message="timed out after 1s"/>)x") != text.npos);
  CHECK(text.find(R"x(tests="2" failures="0" errors="1" skipped="1")x") != text.npos);
}

TEST_CASE("so is a group") {
  TaskRecord group = task("g", TaskState::timed_out, "timed out after 1s");
  group.group = true;
  group.status.reset();
  TaskRecord inside = task("g/a", TaskState::canceled, "g timed out");
  inside.parent = 0;
  const std::string text = junit(record_of({group, inside}));
  CHECK(text.find(R"x(<testcase classname="ci.g" name="(the group)">
<failure type="timed_out")x") != text.npos);
  CHECK(text.find("(the run)") == text.npos);
}

TEST_CASE("a failure in a group that succeeded is none of the run's") {
  TaskRecord group = task("race", TaskState::succeeded);
  group.group = true;
  TaskRecord loser = task("race/loser", TaskState::failed, "exit 9");
  loser.parent = 0;
  const std::string text = junit(record_of({group, loser}, TaskState::succeeded));
  CHECK(text.find("<failure") == text.npos);
  CHECK(text.find(R"x(message="a failure that decided nothing: exit 9")x") != text.npos);
}

TEST_CASE("[F4.8] failed attempts are reported as Surefire does, with reason and lines") {
  TaskRecord flaky = task("flaky", TaskState::succeeded);
  flaky.flaky = true;
  flaky.attempts.resize(2);
  for (AttemptRecord& attempt : flaky.attempts) attempt.ended = true;
  flaky.attempts[0].state = TaskState::failed;
  flaky.attempts[0].cause = "exit 75";
  flaky.attempts[0].last_lines = "busy\n";
  TaskRecord worn = task("worn", TaskState::failed, "exit 75");
  worn.attempts = flaky.attempts;
  worn.attempts[1] = worn.attempts[0];
  worn.attempts[1].number = 2;
  const std::string text = junit(record_of({flaky, worn}));
  const std::string content =
      " type=\"failed\" message=\"attempt 1: exit 75\"><stackTrace>exit 75</stackTrace>"
      "<system-out>busy\n</system-out></";
  CHECK(text.find("<flakyFailure" + content + "flakyFailure>") != text.npos);
  CHECK(text.find("<rerunFailure" + content + "rerunFailure>") != text.npos);
  CHECK(text.find(R"x(message="attempt 2: exit 75")x") == text.npos);
}

TEST_CASE("no name and no output breaks the XML") {
  TaskRecord bad = task("<a>&\"b\"\x01\xef\xbf\xbf", TaskState::failed, "line\none");
  bad.last_lines = "]]> \x02 <x> & \xff";
  const std::string text = junit(record_of({bad}));
  CHECK(text.find(R"x(name="&lt;a&gt;&amp;&quot;b&quot;��")x") != text.npos);
  CHECK(text.find(R"x(message="line&#10;one")x") != text.npos);
  CHECK(text.find("]]&gt; \\x02 &lt;x&gt; &amp; \\xff") != text.npos);
}
