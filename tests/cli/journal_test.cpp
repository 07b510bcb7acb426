// SPDX-License-Identifier: Apache-2.0
//
// What runs leave in the state folder, and errand report, which reads it.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

#include "support/cli.h"

namespace errand::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string runs_of(const CliTest& test) { return test.path() + "/.local/state/errand/runs"; }

std::vector<std::string> ids_of(const CliTest& test) {
  std::vector<std::string> ids;
  if (!fs::exists(runs_of(test))) return ids;
  for (const auto& entry : fs::directory_iterator(runs_of(test))) {
    ids.push_back(entry.path().filename());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string only_run(const CliTest& test) {
  const auto ids = ids_of(test);
  REQUIRE(ids.size() == 1);
  return ids.front();
}

std::string day_of(std::chrono::system_clock::time_point time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text.data();
}

TEST_CASE("a run leaves a journal, and a failed task's output has a name in the summary") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { 'a b': echo why; exit 3 }");
  const std::string folder = runs_of(test) + "/" + only_run(test);
  CHECK(contains(end.err, "  log: " + folder + "/a_b.log\n"));
  CHECK(test.read(".local/state/errand/runs/" + only_run(test) + "/a_b.log") == "why\n");
  const Ended report = test.run({"report"});
  CHECK(report.how() == "exit 0");
  CHECK(contains(report.out, "a b: failed: exit 3 in "));
  CHECK(contains(report.out, "    why\n"));
}

// Durations are as exact as the log is, not as the clock.
std::string without_durations(const std::string& text) {
  static const std::regex kDuration(R"( in [0-9.]+[a-z]+)");
  return std::regex_replace(text, kDuration, " in TIME");
}

const char* const kThreeFail =
    "mode: aggregate\njobs: 1\ntasks: { 'a b': echo why; exit 3, 'a?b': echo too; exit 4, silent: "
    "exit 5, fine: 'true', after: { needs: [silent], run: x } }";

TEST_CASE("the text of a report ends with the run's own summary, logs and commands included") {
  CliTest test;
  const Ended end = test.run_yaml(kThreeFail);
  const std::string summary = end.err.substr(end.err.find("5 tasks: "));
  for (const char* part : {"/a_b.log\n", "/a_b-2.log\n", "  rerun: errand run errand.yaml 'a b'\n",
                           "continue: errand run --resume errand.yaml\n"}) {
    CHECK(contains(summary, part));
  }
  const std::string folder = runs_of(test) + "/" + only_run(test);
  for (const std::string& name : {std::string("last"), folder, folder + "/events.jsonl"}) {
    std::string report = test.run({"report", name}).out;
    const std::string id = "--resume=" + only_run(test);  // a report may be of an older run
    REQUIRE(contains(report, id));
    report.replace(report.find(id), id.size(), "--resume");
    CHECK(without_durations(report).ends_with(without_durations(summary)));
  }
}

TEST_CASE("how to run tasks again is said for the folder of whoever reads it") {
  CliTest test;
  fs::create_directory(test / "in");
  test.write("in/errand.yaml", "tasks: { a: exit 3 }");
  const std::string here = "  rerun: errand run errand.yaml a\n";
  const std::string elsewhere = "  rerun: errand run -C " + test / "in" + " errand.yaml a\n";
  CHECK(contains(test.run({"run", "-C", "in"}).err, elsewhere));
  CHECK(contains(test.run({"report"}).out, elsewhere));
  CHECK(contains(test.run(Call{.args = {"report"}, .folder = "in"}).out, here));
  CHECK(contains(test.run(Call{.args = {"run"}, .folder = "in"}).err, here));
  CHECK(contains(test.run({"report"}).out, elsewhere));
}

TEST_CASE("tasks that are in no file cannot be run again by name") {
  CliTest test;
  test.run(Call{.args = {"run", "-"}, .input = "mode: aggregate\ntasks: { a: exit 3, b: exit 4 }"});
  const std::string report = test.run({"report"}).out;
  CHECK(contains(report, "a: failed: exit 3"));
  CHECK_FALSE(contains(report, "rerun"));
}

TEST_CASE("a log that was removed, or never was in this folder, is not told") {
  CliTest test;
  test.run_yaml(kThreeFail, {"--report", "events=events.jsonl"});
  test.write("a_b.log", "of somebody else");
  CHECK_FALSE(contains(test.run({"report", "events.jsonl"}).out, "  log: "));
  std::filesystem::remove(runs_of(test) + "/" + only_run(test) + "/a_b.log");
  const std::string report = test.run({"report"}).out;
  CHECK(count(report, "  log: ") == 1);
  CHECK(contains(report, "/a_b-2.log\n"));
}

TEST_CASE("XDG_STATE_HOME says where, if it is absolute") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: 'true' }");
  test.run(Call{.args = {"run"}, .env = {"XDG_STATE_HOME=" + test.path() + "/state"}});
  CHECK(fs::exists(test.path() + "/state/errand/runs"));
  CHECK(ids_of(test).empty());
  test.run(Call{.args = {"run"}, .env = {"XDG_STATE_HOME=state"}});
  CHECK(ids_of(test).size() == 1);
}

TEST_CASE(
    "--no-journal, ERRAND_NO_JOURNAL=1 and a folder that cannot be made: no journal, the same "
    "run") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo one; exit 2 }");
  test.write("file", "");
  for (const Call& call :
       {Call{.args = {"run", "--no-journal"}},
        Call{.args = {"run"}, .env = {"ERRAND_NO_JOURNAL=1"}},
        Call{.args = {"run"}, .env = {"XDG_STATE_HOME=" + test.path() + "/file"}},
        Call{.args = {"run"}, .env = {"XDG_STATE_HOME=/proc"}},
        Call{.args = {"run"}, .env = {"HOME="}}}) {
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 2");
    CHECK(end.out == "one\n");
    CHECK_FALSE(contains(end.err, "journal"));
    CHECK_FALSE(contains(end.err, "log:"));
  }
  CHECK(ids_of(test).empty());
  const Ended told =
      test.run(Call{.args = {"run", "-v"}, .env = {"XDG_STATE_HOME=" + test.path() + "/file"}});
  CHECK(contains(told.err, "errand: no journal: folder '"));
}

TEST_CASE("a run is named by its id, the beginning of it, its folder or its log") {
  CliTest test;
  test.run_yaml("tasks: { first: 'true' }", {"--report", "events=log.jsonl"});
  const std::string id = only_run(test), folder = runs_of(test) + "/" + id;
  for (const std::string& name : {std::string("last"), id, id.substr(0, id.size() - 1), folder,
                                  folder + "/events.jsonl", std::string("log.jsonl")}) {
    CAPTURE(name);
    const Ended end = test.run({"report", name, "--format", "json"});
    CHECK(end.how() == "exit 0");
    CHECK(Json::parse(end.out).at("run").at("id") == id);
  }
}

TEST_CASE("what is no run is said clearly") {
  CliTest test;
  Ended end = test.run({"report"});
  CHECK(end.how() == "exit 125");
  CHECK(end.err == "errand: there are no runs in '" + runs_of(test) + "'\n");
  test.run_yaml("tasks: { a: 'true' }");
  end = test.run({"report", "nosuch"});
  CHECK(end.how() == "exit 125");
  CHECK(end.err ==
        "errand: no run's id begins with 'nosuch'; the last one is " + only_run(test) + "\n");
  end = test.run({"report", "errand.yaml"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: 'errand.yaml' is no event log: line 1 is no event"));
  CHECK(contains(test.run({"report", "./nosuch"}).err, "No such file or directory"));
  CHECK(contains(test.run({"report", "a", "b"}).err, "report: name one run"));
  CHECK(contains(test.run({"report", "--format", "pdf"}).err, "'pdf' is not a format"));
  end = test.run({"report", "-o", "no/such/folder"});
  CHECK(end.how() == "exit 125");
  CHECK(test.run({"report", "-o", "/dev/full"}).how() == "exit 125");
}

TEST_CASE("a killed errand's journal is told as far as it came") {
  CliTest test;
  const auto errand = test.start_yaml(
      "tasks: { a: echo one, b: { needs: [a], run: echo ready >$MARKS; exec sleep 1000 } }");
  errand->await_mark("ready");
  while (true) {  // events are written soon after they happen
    const std::string log =
        test.read(".local/state/errand/runs/" + only_run(test) + "/events.jsonl");
    if (contains(log, "\"attempt_started\",\"task\":\"b\"")) break;
  }
  errand->signal(SIGKILL);
  errand->finish_killed();
  const Ended json = test.run({"report", "--format", "json"});
  CHECK(contains(json.err, "has no end"));
  const Json report = Json::parse(json.out);
  CHECK(report.at("run").at("status").is_null());
  CHECK(report.at("tasks").at(0).at("status") == "succeeded");
  CHECK(report.at("tasks").at(1).at("status").is_null());
  const Ended text = test.run({"report"});
  CHECK(contains(text.out, "a: ok in "));
  CHECK(contains(text.out, "errand: there is no end: errand was killed, or still runs\n"));
}

TEST_CASE("a run that never begins leaves nothing") {
  CliTest test;
  CHECK(test.run_yaml("tasks: { a: x }", {"--report", "json=no/folder/x"}).how() == "exit 125");
  CHECK(test.run_yaml("tasks: { a: { needs: [b], run: x } }").how() == "exit 125");
  test.run_yaml("tasks: { a: x }", {"-n"});
  CHECK(ids_of(test).empty());
}

TEST_CASE("[F4.13] the run of a file can be resumed after many short runs elsewhere") {
  CliTest test;
  test.write(
      "errand.yaml",
      "jobs: 1\ntasks: { publish: echo x >>published, test: { needs: [publish], run: test -e "
      "ok } }");
  CHECK(test.run({"run"}).how() == "exit 1");
  for (int i = 0; i < 120; ++i) REQUIRE(test.run({"exec", "true"}).how() == "exit 0");
  test.write("ok", "");
  CHECK(test.run({"run", "--resume"}).how() == "exit 0");
  CHECK(test.read("published") == "x\n");
}

TEST_CASE("[F4.13] the logs that the summaries of many runs name are all there") {
  CliTest test;
  constexpr int kRuns = 60;
  Call call{{"exec", "-q", "-j", "0", "--mode", "aggregate",
             ERRAND_BINARY " exec 'echo why; exit 3' 2>err.{}", ":::"}};
  for (int i = 0; i < kRuns; ++i) call.args.push_back(std::to_string(i));
  CHECK(test.run(call).how() == "exit 1");
  for (int i = 0; i < kRuns; ++i) {
    const std::string err = test.read("err." + std::to_string(i));
    const std::size_t at = err.find("  log: ");
    REQUIRE(at != err.npos);
    CHECK(fs::exists(err.substr(at + 7, err.find('\n', at) - at - 7)));
  }
}

TEST_CASE("[F4.13] a large run removes old ones, but not the last of a file") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: 'true' }");
  test.run({"run"});
  for (int i = 0; i < 22; ++i) test.run({"exec", "true"});
  // As if two days had passed.
  const auto begin = std::chrono::system_clock::now() - std::chrono::hours(48);
  for (const std::string& id : ids_of(test)) {
    const std::string log = ".local/state/errand/runs/" + id + "/events.jsonl";
    test.write(log, std::regex_replace(test.read(log), std::regex(R"("time":"\d{4}-\d\d-\d\d)"),
                                       "\"time\":\"" + day_of(begin)));
  }
  const std::vector<std::string> before = ids_of(test);
  REQUIRE(before.size() == 23);
  Call large{{"exec", "-q", "-o", "quiet", "seq {} 100000", ":::"}};  // 320 KiB of each are kept
  for (int i = 0; i < 60; ++i) large.args.push_back(std::to_string(i));
  CHECK(test.run(large).how() == "exit 0");
  CHECK(ids_of(test).size() == 21);  // twenty old ones and the new one
  test.write("errand.yaml", "tasks: { a: 'true', b: 'true' }");
  CHECK(contains(test.run({"run", "--resume"}).err, "1 of 2 tasks"));
}

// ---- limits on what files may be

TEST_CASE("[F4.12] a journal beyond the size limit of files is a note, and the run goes on") {
  CliTest test;
  Call call{{"exec", "-o", "live", "seq 1 40000"}};
  call.prefix = {"/usr/bin/prlimit", "--fsize=100000"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(count(end.out, "\n") == 40'000);
  CHECK(contains(end.err, "errand: note: output in '"));
  CHECK(contains(end.err, "File too large"));
}

TEST_CASE("[F4.12] a report beyond the size limit of files is an error of errand's") {
  CliTest test;
  Call call{{"exec", "-q", "--no-journal", "--report", "events=out", "seq 1 400; true"}};
  call.prefix = {"/usr/bin/prlimit", "--fsize=100"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "write to report 'out': File too large"));
}

TEST_CASE("[F4.12] a task beyond the size limit of files dies of it, as in a shell") {
  CliTest test;
  Call call{{"exec", "seq 1 40000 >big"}};
  call.prefix = {"/usr/bin/prlimit", "--fsize=100000"};
  CHECK(test.run(call).how() == "exit 153");
}

TEST_CASE("html has the logs without a journal, too") {
  CliTest test;
  test.run_yaml("tasks: { a: 'seq 1 2000' }", {"--report", "html=out.html", "--no-journal"});
  CHECK(contains(test.read("out.html"), "\\n1\\n") == false);
  CHECK(contains(test.read("out.html"), "{\"head\":\"1\\n2\\n3\\n"));
  CHECK(contains(test.read("out.html"), "1999\\n2000\\n\"}"));
}

TEST_CASE("the journal has no secrets") {
  CliTest test;
  test.run_yaml(
      "secrets: [TOKEN]\nenv: { TOKEN: hunter2 }\ntasks: { a: 'echo hunter2; echo hunter2 >&2; "
      "exit 1' }");
  for (const auto& file : fs::directory_iterator(runs_of(test) + "/" + only_run(test))) {
    const std::string text = test.read(fs::relative(file.path(), test.path()).string());
    CAPTURE(file.path().string());
    CHECK_FALSE(contains(text, "hunter2"));
    CHECK_FALSE(text.empty());
  }
}

// ---- W3C Trace Context

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST_CASE("TRACEPARENT is passed on with a span of each attempt's own") {
  CliTest test;
  test.write("errand.yaml",
             "jobs: 1\ntasks: { a: 'echo $TRACEPARENT $TRACESTATE', b: 'echo $TRACEPARENT', "
             "c: { run: 'echo $TRACEPARENT', env: { TRACEPARENT: own } } }");
  const Ended end =
      test.run(Call{.args = {"run", "--report", "json=out.json"},
                    .env = {std::string("TRACEPARENT=") + kParent, "TRACESTATE=x=y"}});
  const auto lines = lines_of(end.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  CHECK(lines[0].ends_with("-01 x=y"));
  CHECK(lines[0].substr(36, 16) != "00f067aa0ba902b7");
  CHECK(lines[1].substr(36, 16) != lines[0].substr(36, 16));
  CHECK(lines[2] == "own");
  const Json report = Json::parse(test.read("out.json"));
  CHECK(report.at("run").at("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(report.at("run").at("parent_id") == "00f067aa0ba902b7");
  CHECK(report.at("tasks").at(0).at("attempts").at(0).at("span_id") == lines[0].substr(36, 16));
}

TEST_CASE("a TRACEPARENT that is none begins a new trace, without the old state") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: 'echo $TRACEPARENT-${TRACESTATE-none}' }");
  const Ended end =
      test.run(Call{.args = {"run"}, .env = {"TRACEPARENT=00-bad", "TRACESTATE=x=y"}});
  CHECK(end.out.size() == 55 + 6);
  CHECK(end.out.ends_with("-00-none\n"));
}

TEST_CASE("without TRACEPARENT tasks get none") {
  CliTest test;
  CHECK(test.run_yaml("tasks: { a: 'echo ${TRACEPARENT-none}' }").out == "none\n");
}

}  // namespace
}  // namespace errand::test
