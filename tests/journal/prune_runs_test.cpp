// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/prune_runs.h"

#include <fcntl.h>
#include <sys/file.h>

#include <fstream>
#include <set>

#include "errand/events/event_lines.h"
#include "errand/journal/run_folder.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

namespace fs = std::filesystem;

using Ids = std::set<std::string>;

struct Runs {
  // A run that began so long ago. `file`: the task file's name; empty: a command line.
  void add(const std::string& id, const std::string& file, TaskState state, Duration ago,
           std::size_t bytes = 1) {
    REQUIRE(make_run_folder(path, id).has_value());
    const Plan plan = make_plan({});
    const WallTime started = now - std::chrono::duration_cast<WallTime::duration>(ago);
    RunStarted run{id, "ci", Mode::errgroup, &plan, 1, {}, {"/home/a", file}};
    RunEnded ended;
    ended.state = state;
    EventLines lines;
    std::ofstream log(path + "/" + id + "/events.jsonl");
    log << lines.format({started, {}, run});
    log << lines.format({started, {}, ended});
    std::ofstream(path + "/" + id + "/output") << std::string(bytes, 'x');
  }
  void prune(const PruneLimits& limits, const std::string& keep = {}) const {
    prune_runs(path, keep, now, limits);
  }
  Ids ids() const {
    Ids found;
    for (const auto& entry : fs::directory_iterator(path)) found.insert(entry.path().filename());
    return found;
  }
  Folder folder;
  const std::string path = folder / "runs";
  const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 1 / 10);
};

constexpr auto kGood = TaskState::succeeded;
constexpr auto kBad = TaskState::failed;

}  // namespace

TEST_CASE("[F4.13] command lines go first, then files, then failures; each from the oldest") {
  Runs runs;
  runs.add("bad-1", "", kBad, 9min);
  runs.add("bad-2", "", kBad, 8min);
  runs.add("file-1", "ci.yaml", kGood, 7min);
  runs.add("file-2", "ci.yaml", kGood, 6min);
  runs.add("exec-1", "", kGood, 5min);
  runs.add("exec-2", "", kGood, 4min);
  runs.prune({.runs = 6});
  CHECK(runs.ids().size() == 6);
  runs.prune({.runs = 5});
  CHECK(runs.ids() == Ids{"bad-1", "bad-2", "exec-2", "file-1", "file-2"});
  runs.prune({.runs = 3});
  CHECK(runs.ids() == Ids{"bad-1", "bad-2", "file-2"});
  runs.prune({.runs = 0});
  CHECK(runs.ids() == Ids{"bad-2", "file-2"});  // the last that failed, the last of its file
}

TEST_CASE("[F4.13] too many bytes remove runs in the same order") {
  Runs runs;
  runs.add("file-1", "ci.yaml", kGood, 7min, 5000);
  runs.add("file-2", "ci.yaml", kGood, 6min, 5000);
  runs.add("exec-1", "", kGood, 5min, 5000);
  runs.prune({.bytes = 13000});
  CHECK(runs.ids() == Ids{"file-1", "file-2"});
  runs.prune({.bytes = 9000});
  CHECK(runs.ids() == Ids{"file-2"});
}

TEST_CASE("[F4.13] of runs older than a day few are kept, however few there are in all") {
  Runs runs;
  runs.add("old-1", "", kGood, 72h);
  runs.add("old-2", "", kGood, 48h);
  runs.add("old-3", "", kGood, 25h);
  runs.add("new-1", "", kGood, 23h);
  runs.add("new-2", "", kGood, 1h);
  runs.prune({.old_runs = 1});
  CHECK(runs.ids() == Ids{"new-1", "new-2", "old-3"});
}

TEST_CASE("[F4.13] the last run of each task file stays, of the files that ran last") {
  Runs runs;
  for (int i = 1; i <= 5; ++i) {
    const std::string number = std::to_string(i);
    runs.add("first-" + number, "ci" + number + ".yaml", kGood, 48h - i * 1min);
    runs.add("last-" + number, "ci" + number + ".yaml", kGood, 47h - i * 1min);
  }
  runs.prune({.runs = 0, .old_runs = 0, .files = 3});
  CHECK(runs.ids() == Ids{"last-3", "last-4", "last-5"});
}

TEST_CASE("[F4.13] the last run that failed stays, also if others were canceled after it") {
  Runs runs;
  runs.add("failed-1", "", kBad, 9min);
  runs.add("failed-2", "", TaskState::timed_out, 8min);
  runs.add("canceled-1", "", TaskState::canceled, 7min);
  runs.add("canceled-2", "", TaskState::canceled, 6min);
  runs.prune({.runs = 0});
  CHECK(runs.ids() == Ids{"canceled-2", "failed-2"});
}

TEST_CASE("[F4.13] a run that is active, and the one that prunes, are not removed") {
  Runs runs;
  for (const char* id : {"1", "2", "3"}) runs.add(id, "", kGood, 48h);
  const UniqueFd log(::open((runs.path + "/1/events.jsonl").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(log.get(), LOCK_EX | LOCK_NB) == 0);
  runs.prune({.runs = 0, .old_runs = 0}, "3");
  CHECK(runs.ids() == Ids{"1", "3"});
}

TEST_CASE("a run without a log is kept as long as it may be beginning") {
  Runs runs;
  REQUIRE(make_run_folder(runs.path, "begins").has_value());
  REQUIRE(make_run_folder(runs.path, "broken").has_value());
  const auto set_age = [&](const char* id, Duration age) {
    const fs::file_time_type time = std::chrono::file_clock::from_sys(
        runs.now - std::chrono::duration_cast<WallTime::duration>(age));
    fs::last_write_time(runs.path + "/" + id, time);
  };
  set_age("begins", 1min);
  set_age("broken", 2h);
  runs.prune({.runs = 0});
  CHECK(runs.ids() == Ids{"begins"});
}

TEST_CASE("files of others are not removed, and no link is followed") {
  Runs runs;
  runs.add("1", "", kGood, 9min);
  std::ofstream(runs.path + "/1/notes.txt") << "mine";
  fs::create_directory(runs.folder / "elsewhere");
  std::ofstream(runs.folder / "elsewhere/events.jsonl") << "mine";
  fs::create_directory_symlink(runs.folder / "elsewhere", runs.path + "/2");
  runs.prune({.runs = 0});
  CHECK(fs::exists(runs.path + "/1/notes.txt"));
  CHECK_FALSE(fs::exists(runs.path + "/1/output"));
  CHECK(fs::exists(runs.folder / "elsewhere/events.jsonl"));
}

TEST_CASE("[F4.13] about one run in fifty prunes") {
  int turns = 0;
  for (int i = 0; i < 5000; ++i) {
    if (is_pruning_turn("20260101-000000-" + std::to_string(i * 7919))) ++turns;
  }
  CHECK(turns > 50);
  CHECK(turns < 200);
}
