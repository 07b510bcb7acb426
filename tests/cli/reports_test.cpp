// SPDX-License-Identifier: Apache-2.0
//
// What machines read: --report json and events.
#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>

#include "support/cli.h"

namespace errand::test {
namespace {

using Json = nlohmann::json;

const char* const kStates[] = {"succeeded", "failed", "timed_out", "canceled", "skipped"};

std::vector<std::string> names_with(const Json& report, const std::string& status) {
  std::vector<std::string> names;
  for (const Json& task : report.at("tasks")) {
    if (task.at("status") == status) names.push_back(task.at("name"));
  }
  return names;
}

bool is_rfc3339(const Json& text) {
  static const std::regex kForm(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))");
  return text.is_string() && std::regex_match(text.get<std::string>(), kForm);
}

// What holds for every report, however the run ended.
void check_form(const Json& report, const std::vector<std::string>& names) {
  CHECK(report.at("version") == 1);
  const Json& run = report.at("run");
  for (const char* key :
       {"id", "name", "mode", "status", "cause", "exit_status", "started", "duration"}) {
    CAPTURE(key);
    CHECK(run.contains(key));
  }
  CHECK(is_rfc3339(run.at("started")));
  CHECK(run.at("duration").is_number());
  std::vector<std::string> told;
  for (const Json& task : report.at("tasks")) {
    CAPTURE(task.dump());
    told.push_back(task.at("name"));
    const std::string status = task.at("status");
    CHECK(std::count(std::begin(kStates), std::end(kStates), status) == 1);
    for (const char* key : {"attempts", "flaky", "allowed", "duration", "last_lines"})
      CHECK(task.contains(key));
    if (status != "succeeded") CHECK(task.at("cause").get<std::string>() != "");
    CHECK(task.at("duration").is_number());
    for (const Json& attempt : task.at("attempts")) {
      CHECK(is_rfc3339(attempt.at("started")));
      CHECK(attempt.at("duration").is_number());
      CHECK(attempt.contains("status"));
      CHECK(attempt.contains("rusage"));
    }
  }
  CHECK(told == names);
}

const Json& task_of(const Json& report, const std::string& name) {
  for (const Json& task : report.at("tasks")) {
    if (task.at("name") == name) return task;
  }
  throw std::runtime_error("no task " + name);
}

TEST_CASE("the json report of a success") {
  CliTest test;
  test.run_yaml("name: ci\ntasks: { a: echo one; echo two, g: { tasks: { b: 'true' } } }",
                {"--report", "json=out.json"});
  const Json report = Json::parse(test.read("out.json"));
  check_form(report, {"a", "g", "g/b"});
  CHECK(report.at("run").at("name") == "ci");
  CHECK(report.at("run").at("mode") == "errgroup");
  CHECK(report.at("run").at("status") == "succeeded");
  CHECK(report.at("run").at("exit_status") == 0);
  CHECK(names_with(report, "succeeded") == std::vector<std::string>{"a", "g", "g/b"});
  CHECK(task_of(report, "a").at("exit_code") == 0);
  CHECK(task_of(report, "a").at("attempts").size() == 1);
}

TEST_CASE("the json report names what failed, and how") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
mode: aggregate
tasks:
  a: echo why; exit 3
  b: kill -SEGV $$
  c: { needs: [a], run: x }
  d: [no-such-program]
  e: { run: sleep 1000, timeout: 100ms }
  g: { tasks: { f: exit 4, h: { needs: [f], run: x } } }
)",
                                  {"--report", "json=out.json"});
  CHECK(end.how() == "exit 1");
  const Json report = Json::parse(test.read("out.json"));
  check_form(report, {"a", "b", "c", "d", "e", "g", "g/f", "g/h"});
  CHECK(names_with(report, "failed") == std::vector<std::string>{"a", "b", "d", "g", "g/f"});
  CHECK(names_with(report, "timed_out") == std::vector<std::string>{"e"});
  CHECK(names_with(report, "skipped").front() == "c");
  CHECK(report.at("run").at("status") == "failed");
  CHECK(report.at("run").at("exit_status") == 1);
  CHECK(task_of(report, "a").at("exit_code") == 3);
  CHECK(contains(task_of(report, "a").at("last_lines").dump(), "why"));
  CHECK(contains(task_of(report, "b").at("signal").dump(), std::to_string(SIGSEGV)) !=
        contains(task_of(report, "b").at("signal").dump(), "SIGSEGV"));
  CHECK(task_of(report, "c").at("cause") == "needs a: failed");
  CHECK(task_of(report, "c").at("attempts").empty());
}

TEST_CASE("[P4] [P29] the json report is complete after each signal") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(number);
    CliTest test;
    const auto errand = test.start_yaml(
        "jobs: 2\ntasks: { a: exit 0, b: { needs: [a], run: echo ready >$MARKS; exec sleep 1000 }, "
        "c: { "
        "needs: [b], run: x } }",
        {"--report", "json=out.json"});
    errand->await_mark("ready");
    errand->signal(number);
    CHECK(errand->finish().signal == number);
    const Json report = Json::parse(test.read("out.json"));
    check_form(report, {"a", "b", "c"});
    CHECK(report.at("run").at("status") == "canceled");
    CHECK(report.at("run").at("exit_status") == 128 + number);
    CHECK(contains(report.at("run").at("cause").get<std::string>(), "received SIG"));
    CHECK(names_with(report, "succeeded") == std::vector<std::string>{"a"});
    CHECK(names_with(report, "canceled") == std::vector<std::string>{"b", "c"});
  }
}

TEST_CASE("[P29] the json report is complete after a timeout") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: exit 0, b: sleep 1000, c: { needs: [b], run: x } }",
                                  {"--timeout", "300ms", "--report", "json=out.json"});
  CHECK(end.how() == "exit 124");
  const Json report = Json::parse(test.read("out.json"));
  check_form(report, {"a", "b", "c"});
  CHECK(report.at("run").at("status") == "timed_out");
  CHECK(report.at("run").at("exit_status") == 124);
}

TEST_CASE("[P29] jq finds the failed tasks") {
  if (find_program("jq").empty()) {
    WARN("skipped: jq is not here");
    return;
  }
  CliTest test;
  test.run_yaml("mode: aggregate\ntasks: { a: exit 3, b: 'true', c: exit 4 }",
                {"--report", "json=out.json"});
  Call call{{}};
  call.prefix = {"sh", "-c",
                 R"(exec jq -r '.tasks[] | select(.status == "failed").name' out.json)"};
  CHECK(test.run(call).out == "a\nc\n");
}

TEST_CASE("names and output that are not UTF-8 leave a report that can be read") {
  CliTest test;
  test.run_yaml("tasks: { a: \"printf '\\\\377\\\\200x\\\\n'; exit 1\" }",
                {"--report", "json=out.json", "--report", "events=log"});
  CHECK(Json::accept(test.read("out.json")));
  for (const std::string& line : lines_of(test.read("log"))) CHECK(Json::accept(line));
}

TEST_CASE("the event log is a line of JSON for each event") {
  CliTest test;
  const Ended end = test.run_yaml("jobs: 1\ntasks: { a: 'true', b: exit 3, c: 'true' }",
                                  {"--report", "events=log"});
  CHECK(end.how() == "exit 3");
  std::string order;
  for (const std::string& line : lines_of(test.read("log"))) {
    const Json event = Json::parse(line);
    CHECK(is_rfc3339(event.at("time")));
    const std::string kind = event.at("event");
    const std::string task = event.value("task", "");
    if (kind != "task_ready" && kind != "task_planned")
      order += kind + (task.empty() ? "" : ":" + task) + " ";
  }
  CHECK(order ==
        "run_started attempt_started:a attempt_ended:a task_ended:a attempt_started:b "
        "attempt_ended:b task_ended:b "
        "task_ended:c run_ended ");
}

TEST_CASE("an event is in the log as soon as it happens") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(
      "tasks: { a: echo ready >$MARKS; read line <gate, b: { needs: [c], run: echo done >$MARKS }, "
      "c: grep -q attempt_started.*a log }",
      {"--report", "events=log", "-j", "0"});
  std::vector<std::string> marks = {errand->mark(), errand->mark()};
  CHECK(contains(test.read("log"), "\"attempt_ended\""));
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("an errand that is killed leaves whole lines in the log and no half of a report") {
  CliTest test;
  test.write("out.json", "old");
  const auto errand = test.start_yaml("tasks: { a: echo ready >$MARKS; exec sleep 1000 }",
                                      {"--report", "events=log", "--report", "json=out.json"});
  errand->await_mark("ready");
  errand->signal(SIGKILL);
  errand->finish_killed();
  const std::string log = test.read("log");
  CHECK(log.ends_with('\n'));
  for (const std::string& line : lines_of(log)) CHECK(Json::accept(line));
  CHECK(test.read("out.json") == "old");
}

TEST_CASE("a report to - is on standard output, beside the tasks' output") {
  CliTest test;
  const Ended json = test.run_yaml("tasks: { a: 'true' }", {"--report", "json=-"});
  CHECK(Json::parse(json.out).at("tasks").size() == 1);
  const Ended events = test.run_yaml("tasks: { a: 'true' }", {"--report", "events=-"});
  for (const std::string& line : lines_of(events.out)) CHECK(Json::accept(line));
  const Ended both = test.run_yaml("tasks: { a: printf text }", {"--report", "json=-"});
  CHECK(both.out.starts_with("text\n{"));
  CHECK(Json::accept(both.out.substr(5)));
}

TEST_CASE("several reports of one run") {
  CliTest test;
  test.run_yaml("tasks: { a: 'true' }",
                {"--report", "json=1.json", "--report=events=2", "--report", "json=3.json"});
  CHECK(Json::accept(test.read("1.json")));
  CHECK(test.read("1.json") == test.read("3.json"));
  CHECK(contains(test.read("2"), "run_ended"));
}

TEST_CASE("a report that cannot be written is found out before anything starts") {
  CliTest test;
  for (const std::string path : {"no/such/folder/x", "/", "/proc/nosuch"}) {
    for (const std::string kind : {"json=", "events="}) {
      CAPTURE(kind, path);
      const Ended end = test.run_yaml("tasks: { a: touch started }", {"--report", kind + path});
      CHECK(end.how() == "exit 125");
      CHECK(contains(end.err, "errand: report '" + path + "': "));
      CHECK_FALSE(test.exists("started"));
    }
  }
}

TEST_CASE("a report to a full disk gives 125 and is named") {
  CliTest test;
  for (const std::string kind : {"json", "events"}) {
    CAPTURE(kind);
    const Ended end = test.run_yaml("tasks: { a: 'true' }", {"--report", kind + "=/dev/full"});
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "/dev/full"));
    CHECK(contains(end.err, "No space left on device"));
  }
}

TEST_CASE("a run of no tasks has a report, too") {
  CliTest test;
  test.run_yaml("tasks: { a: x }", {"--report", "json=out.json", "--skip", "*"});
  check_form(Json::parse(test.read("out.json")), {});
}

}  // namespace
}  // namespace errand::test
