// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/earlier_ends.h"

#include <fstream>

#include "errand/events/event_lines.h"
#include "support/report_fixture.h"

using namespace errand;

namespace {

struct Written {
  Task task;
  TaskState state = TaskState::succeeded;
  bool allowed = false;
  std::string succeeded_in = {};
};

Task task_of(const std::string& name, const std::string& script, TaskId id) {
  Task task;
  task.id = id;
  task.full_name = task.name = name;
  task.run = Script{script};
  return task;
}

// The log of a run of a stream in "/ci".
std::string log_of(const std::vector<Written>& ends, std::optional<TaskState> run,
                   std::shared_ptr<const PriorResults> earlier = nullptr) {
  EventLines lines;
  std::string log;
  const auto record = [&](EventKind kind) { log += lines.format({WallTime(), Duration(), kind}); };
  record(RunStarted{.id = "r1", .name = "ci", .origin = {"/ci", ""}, .earlier = earlier});
  for (const Written& end : ends) {
    record(TaskReady{&end.task});
    TaskEnded ended;
    ended.task = &end.task;
    ended.state = end.state;
    ended.allowed = end.allowed;
    ended.succeeded_in = end.succeeded_in;
    record(ended);
  }
  if (run) {
    RunEnded ended;
    ended.state = *run;
    record(ended);
  }
  return log;
}

Result<PriorResults> read(const std::string& text) {
  test::Folder folder;
  std::ofstream(folder / "log") << text;
  return read_prior_results(folder / "log");
}

}  // namespace

TEST_CASE("a log tells which tasks have succeeded, by what they are, and which failed, by name") {
  const Task a = task_of("a", "x", 1), b = task_of("b", "x", 2), c = task_of("c", "x", 3),
             d = task_of("d", "x", 4), e = task_of("e", "x", 5);
  const auto ends = read(log_of({{a, TaskState::succeeded},
                                 {b, TaskState::failed},
                                 {c, TaskState::failed, true},
                                 {d, TaskState::skipped, false, "r0"},
                                 {e, TaskState::canceled}},
                                TaskState::failed));
  REQUIRE(ends);
  CHECK(ends->id == "r1");
  Fingerprints fingerprints("/ci");
  CHECK(ends->finished);
  CHECK_FALSE(ends->run_succeeded);
  CHECK(ends->succeeded.size() == 2);
  for (const Task* task : {&a, &c}) CHECK(ends->succeeded.contains(fingerprints.of(*task)));
  CHECK(ends->failed.contains(fingerprints.of(b)));
  CHECK(ends->failed_names == std::unordered_set<std::string>{"b", ""});
  CHECK_FALSE(ends->succeeded.contains(fingerprints.of(e)));
}

TEST_CASE("what still stands of the run before counts, but for what this run has mended") {
  const Task a = task_of("a", "x", 1), b = task_of("b", "x", 2), c = task_of("c", "x", 3);
  Fingerprints fingerprints("/ci");
  auto before = std::make_shared<PriorResults>();
  before->id = "r0";
  before->run_succeeded = before->finished = true;
  before->succeeded[77] = 2;
  before->known = {77};
  for (const Task* task : {&a, &b}) {
    before->failed.insert(fingerprints.of(*task));
    before->failed_names.insert(task->full_name);
  }
  const auto ends = read(log_of(
      {{a, TaskState::succeeded}, {b, TaskState::canceled}, {c, TaskState::failed}}, {}, before));
  REQUIRE(ends);
  CHECK_FALSE(ends->finished);
  CHECK_FALSE(ends->run_succeeded);
  CHECK(ends->succeeded.at(77) == 2);
  CHECK(ends->known.contains(77));
  CHECK(ends->failed_names == std::unordered_set<std::string>{"b", "c"});
  CHECK(ends->failed == std::unordered_set{fingerprints.of(b), fingerprints.of(c)});
}

TEST_CASE("a log that is cut tells what it can") {
  const Task a = task_of("a", "x", 1), b = task_of("b", "x", 2);
  std::string log = log_of({{a, TaskState::succeeded}, {b, TaskState::succeeded}}, std::nullopt);
  log.resize(log.size() - 10);
  const auto ends = read(log);
  REQUIRE(ends);
  CHECK(ends->succeeded.size() == 1);
  CHECK(ends->failed.empty());
}

TEST_CASE("a run that succeeded is told as the group without a name") {
  const auto ends = read(log_of({}, TaskState::succeeded));
  REQUIRE(ends);
  Task root;
  root.is_group = true;
  CHECK(ends->succeeded.contains(Fingerprints().of(root)));
}

TEST_CASE("a task that ran twice under one name and command counts twice") {
  const Task a = task_of("a", "x", 1), again = task_of("a", "x", 2);
  const auto ends =
      read(log_of({{a, TaskState::succeeded}, {again, TaskState::succeeded}}, std::nullopt));
  REQUIRE(ends);
  CHECK(ends->succeeded.at(Fingerprints("/ci").of(a)) == 2);
}

TEST_CASE("what is no log is an error that names it") {
  CHECK(read("").error().message().ends_with("/log' is no event log: it is empty"));
  CHECK(read("{}").error().message().find("is no event log: line 1") != std::string::npos);
  CHECK(read_prior_results("/no/such").error().message() ==
        "'/no/such': No such file or directory");
}
