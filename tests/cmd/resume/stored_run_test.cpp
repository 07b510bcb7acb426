// SPDX-License-Identifier: Apache-2.0
//
// Which run a word means: an id, the beginning of one, "last", or a path.
#include "cmd/resume/stored_run.h"

#include <filesystem>

#include "cmd/session/environment.h"
#include "errand/journal/run_folder.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

struct RunsTest : CmdTest {
  // A run that is kept where errand keeps its own.
  void add(const std::string& id) const {
    REQUIRE(make_run_folder(runs, id));
    write(".local/state/errand/runs/" + id + "/events.jsonl", "{}\n");
  }
  // The path of the events, or the error.
  static std::string found(const std::string& run) {
    const Result<cmd::StoredRun> stored = cmd::find_stored_run(run);
    return stored ? stored->events : stored.error().message();
  }
  std::string runs = cmd::runs_folder();
};

TEST_CASE("a run is found by its id, by the beginning of one, and the newest as last") {
  RunsTest test;
  test.add("20260101-000000-aaaaaa");
  test.add("20260102-000000-bbbbbb");
  test.add("20260102-000000-cccccc");
  CHECK(RunsTest::found("20260102-000000-bbbbbb") ==
        test.runs + "/20260102-000000-bbbbbb/events.jsonl");
  CHECK(RunsTest::found("20260101") == test.runs + "/20260101-000000-aaaaaa/events.jsonl");
  CHECK(cmd::find_stored_run("last")->folder.starts_with(test.runs + "/"));
  CHECK(contains(RunsTest::found("20260102"), "2 runs' ids begin with '20260102'"));
  CHECK(contains(RunsTest::found("2027"), "no run's id begins with '2027'"));
}

TEST_CASE("a path of events is a run, with the folder that keeps its output if there is one") {
  RunsTest test;
  test.write("copy.jsonl", "{}\n");
  test.write("kept/events.jsonl", "{}\n");
  const Result<cmd::StoredRun> copy = cmd::find_stored_run("copy.jsonl");
  REQUIRE(copy);
  CHECK(copy->events == "copy.jsonl");
  CHECK(copy->folder == "");
  for (const char* path : {"./kept", "kept", "kept/events.jsonl"}) {
    CAPTURE(path);
    const Result<cmd::StoredRun> kept = cmd::find_stored_run(path);
    REQUIRE(kept);
    CHECK(std::filesystem::equivalent(kept->events, "kept/events.jsonl"));
    CHECK(std::filesystem::equivalent(kept->folder, "kept"));
    CHECK(std::filesystem::equivalent(kept->path_of("events.jsonl"), kept->events));
  }
  test.enter("kept");
  CHECK(cmd::find_stored_run("events.jsonl")->folder == ".");
}

TEST_CASE("last is the newest run, whatever files are called") {
  RunsTest test;
  test.add("20260101-000000-aaaaaa");
  test.write("last", "{}\n");
  CHECK(RunsTest::found("last") == test.runs + "/20260101-000000-aaaaaa/events.jsonl");
  CHECK(RunsTest::found("./last") == "./last");
}

TEST_CASE("a file goes before a run whose id begins so") {
  RunsTest test;
  test.add("20260101-000000-aaaaaa");
  test.write("2026", "{}\n");
  CHECK(RunsTest::found("2026") == "2026");
}

TEST_CASE("an error says where runs would be") {
  RunsTest test;
  CHECK(RunsTest::found("last") == "there are no runs in '" + test.runs + "'");
  test.env.clear();
  CHECK(RunsTest::found("last") == "neither XDG_STATE_HOME nor HOME says where runs are kept");
  CHECK(RunsTest::found("2026") == "neither XDG_STATE_HOME nor HOME says where runs are kept");
}

}  // namespace
}  // namespace errand::test
