// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_runs.h"

#include <sys/stat.h>

#include <fstream>

#include "errand/events/event_lines.h"
#include "errand/io/line_reader.h"
#include "errand/journal/run_folder.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

namespace fs = std::filesystem;

using Ids = std::vector<std::string>;

struct Runs {
  std::string log(const std::string& id) const { return path + "/" + id + "/events.jsonl"; }
  void add(const std::string& id, const std::string& text) {
    REQUIRE(make_run_folder(path, id).has_value());
    std::ofstream(log(id)) << text;
  }
  // A run of this file that began so many milliseconds into 2026.
  void add(const std::string& id, const Origin& origin, int milliseconds = 0) {
    add(id, first_line(origin, milliseconds) + "and something that is no event\n");
  }
  static std::string first_line(const Origin& origin, int milliseconds = 0) {
    const WallTime year = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    const Plan plan = make_plan({});
    RunStarted run{"id", "ci", Mode::errgroup, &plan, 1, {}, origin};
    EventLines lines;
    return std::string(lines.format({year + milliseconds * 1ms, {}, run}));
  }
  Ids of(const Origin& origin) const {
    Ids ids;
    for (const EarlierRun& run : earlier_runs(path, origin)) {
      CHECK(run.folder == path + "/" + run.id);
      ids.push_back(run.id);
    }
    return ids;
  }
  Folder folder;
  const std::string path = folder / "runs";
};

const Origin kOurs = {"/home/a", "errand.yaml"};

}  // namespace

TEST_CASE("the runs of one task file are found, the newest first") {
  Runs runs;
  CHECK(runs.of(kOurs).empty());
  runs.add("20260101-000000-a", kOurs);
  runs.add("20260101-000001-b", {"/home/b", "errand.yaml"}, 1000);
  runs.add("20260101-000001-c", {"/home/a", "other.yaml"}, 1000);
  runs.add("20260101-000001-d", {}, 1000);
  runs.add("20260101-000002-e", kOurs, 2000);
  CHECK(runs.of(kOurs) == Ids{"20260101-000002-e", "20260101-000000-a"});
  CHECK(runs.of({}).empty());
}

TEST_CASE("runs of one second are told apart by their first event") {
  Runs runs;
  runs.add("20260101-000000-a", kOurs, 700);
  runs.add("20260101-000000-b", kOurs, 300);
  CHECK(runs.of(kOurs) == Ids{"20260101-000000-a", "20260101-000000-b"});
}

TEST_CASE("a task file is the same from wherever its path leads to it") {
  Runs runs;
  runs.add("1", {"/home/a", "errand.yaml"}, 1);
  runs.add("2", {"/home/a", "./errand.yaml"}, 2);
  runs.add("3", {"/home/a/src", "../errand.yaml"}, 3);
  runs.add("4", {"/tmp", "/home/a/errand.yaml"}, 4);
  runs.add("5", {"/tmp", "errand.yaml"}, 5);
  CHECK(runs.of(kOurs) == Ids{"4", "3", "2", "1"});
}

TEST_CASE("what is no log of a run is skipped") {
  Runs runs;
  runs.add("01-empty", "");
  runs.add("02-no-json", "x\n");
  runs.add("03-no-object", "[1]\n");
  runs.add("04-other", "{\"event\":\"task_ready\"}\n");
  runs.add("05-version", "{\"event\":\"run_started\",\"version\":99}\n");
  const std::string line = Runs::first_line(kOurs);
  runs.add("06-cut", line.substr(0, line.size() - 1));
  runs.add("07-types", "{\"event\":\"run_started\",\"version\":1,\"folder\":[],\"file\":{}}\n");
  runs.add("08-deep", std::string(10'000, '[') + "\n");
  runs.add("09-long", std::string(LineReader::kLineBytesMax, ' ') + line);
  REQUIRE(make_run_folder(runs.path, "10-none").has_value());
  fs::create_directories(runs.log("11-folder"));
  fs::create_directories(fs::path(runs.log("12-pipe")).parent_path());
  REQUIRE(::mkfifo(runs.log("12-pipe").c_str(), 0600) == 0);
  std::ofstream(runs.path + "/13-file") << line;
  CHECK(runs.of(kOurs).empty());
  runs.add("00-right", kOurs);
  CHECK(runs.of(kOurs) == Ids{"00-right"});
}

TEST_CASE("only the newest logs are looked into") {
  Runs runs;
  runs.add("000", kOurs);
  for (std::size_t i = 0; i < kLogsReadMax - 1; ++i) {
    runs.add("1-" + std::to_string(i), std::string("x\n"));
  }
  CHECK(runs.of(kOurs) == Ids{"000"});
  runs.add("2", std::string("x\n"));
  CHECK(runs.of(kOurs).empty());
}
