// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/journal.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "errand/events/replay.h"
#include "errand/journal/run_folder.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Kept {
  explicit Kept(std::uint64_t event_bytes_max = Journal::kEventBytesMax) {
    auto opened = Journal::open(loop.runtime, runs, "20260102-030405-abc", event_bytes_max);
    REQUIRE(opened.has_value());
    journal = std::move(*opened);
  }
  void on(Duration since, EventKind kind) { journal->on(at(since, std::move(kind))); }
  std::string events() const { return read_file(journal->folder() + "/events.jsonl"); }
  // An attempt that writes `text` and fails.
  void failing(const Task& task, const std::string& text) {
    AttemptEnded ended;
    ended.task = &task;
    ended.state = TaskState::failed;
    if (!text.empty()) ended.output = {{journal->output().append(text)}, 1, 0};
    on(1s, ended);
    on(1s, failed(task, 2));
  }

  Loop loop;
  Folder folder;
  const std::string runs = folder / "state/errand/runs";
  std::unique_ptr<Journal> journal;
};

::mode_t mode_of(const std::string& path) {
  struct ::stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("the journal is an event log, for nobody else's eyes") {
  Kept kept;
  const Plan plan = make_plan({"a"});
  kept.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  kept.on(1s, succeeded(plan.task(1)));
  kept.on(2s, RunEnded());
  CHECK_FALSE(kept.journal->finish());
  std::istringstream log(kept.events());
  struct Nobody final : Observer {
    void on(const RunEvent&) override {}
  } nobody;
  CHECK(replay(log, nobody).ended);
  CHECK(mode_of(kept.runs) == 0700);
  CHECK(mode_of(kept.journal->folder()) == 0700);
  CHECK(mode_of(kept.journal->folder() + "/events.jsonl") == 0600);
}

TEST_CASE("events are written together, and soon") {
  Kept kept;
  kept.on(0s, RunStarted{"r1", "ci", Mode::errgroup, nullptr, 0});
  CHECK(kept.events().empty());
  const auto written = [](Kept* of) -> awaitable<Error> {
    co_return co_await of->loop.context.sleep(Journal::kWriteAfter + 1ms);
  };
  kept.loop.run(written(&kept));
  CHECK(kept.events().ends_with("}\n"));
}

TEST_CASE("a failed task's output is in a file with its name") {
  Kept kept;
  const Plan plan = make_plan({"g", "g/a b", "g/a_b", "quiet", "../x"});
  kept.on(0s, RunStarted{"r1", "ci", Mode::errgroup, &plan, 0});
  kept.failing(plan.task(2), "one\n");
  const std::string first = kept.journal->log_of(plan.task(2));
  CHECK(first == kept.journal->folder() + "/g_a_b.log");
  CHECK(read_file(first) == "one\n");
  kept.failing(plan.task(3), "two\n");
  CHECK(read_file(kept.journal->log_of(plan.task(3))) == "two\n");
  CHECK(kept.journal->log_of(plan.task(3)) != first);
  kept.failing(plan.task(4), "");
  CHECK(kept.journal->log_of(plan.task(4)).empty());
  kept.failing(plan.task(5), "three\n");
  CHECK(kept.journal->log_of(plan.task(5)) == kept.journal->folder() + "/_._x.log");
}

TEST_CASE("a task that succeeded in the end has no log") {
  Kept kept;
  const Plan plan = make_plan({"flaky"});
  AttemptEnded attempt;
  attempt.task = &plan.task(1);
  attempt.state = TaskState::failed;
  attempt.output = {{kept.journal->output().append("no\n")}, 1, 0};
  kept.on(1s, attempt);
  kept.on(1s, succeeded(plan.task(1)));
  CHECK(kept.journal->log_of(plan.task(1)).empty());
  CHECK_FALSE(std::filesystem::exists(kept.journal->folder() + "/flaky.log"));
}

TEST_CASE("a stream's journal stops noting successes when it is large, and says so") {
  Kept kept(2000);
  kept.on(0s, RunStarted{"r1", "stream", Mode::aggregate, nullptr, 0});
  Task task;
  task.full_name = "x";
  for (task.id = 1; task.id < 1000; ++task.id) {
    kept.on(1s, TaskReady{&task});
    kept.on(1s, succeeded(task));
  }
  kept.on(1s, failed(task, 7));
  kept.on(2s, RunEnded());
  CHECK_FALSE(kept.journal->finish());
  const std::string text = kept.events();
  CHECK(text.size() < 4000);
  CHECK(text.find("from here on it has only the ends of tasks that do not succeed") != text.npos);
  CHECK(text.find("\"exit_code\":7") != text.npos);
  CHECK(text.find("run_ended") != text.npos);
}

TEST_CASE("a journal that cannot be made is an error, and no more") {
  Loop loop;
  Folder folder;
  std::ofstream(folder / "file") << "x";
  const auto journal = Journal::open(loop.runtime, folder / "file/runs", "id");
  REQUIRE_FALSE(journal.has_value());
  CHECK(journal.error().message().find("Not a directory") != std::string::npos);
}
