// SPDX-License-Identifier: Apache-2.0
#include "errand/report/run_record.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

using Names = std::vector<std::string>;

// A plan with needs, and a run of it in which each attempt has a slot and two times.
class RecordedRun {
 public:
  explicit RecordedRun(const Names& names) : tasks_(names.size() + 1) {
    const Plan made = make_plan(names);
    tasks_.assign(made.tasks().begin(), made.tasks().end());
  }
  void needs(TaskId task, TaskId need) { tasks_[task].needs.push_back({need, Condition::success}); }
  void start() {
    plan_.emplace(tasks_);
    recorder_.on(at(0s, RunStarted{"r1", "ci", Mode::errgroup, &*plan_, 0}));
  }
  void ran(TaskId id, Duration ready, Duration began, Duration ended, int slot = 1) {
    const Task& task = plan_->task(id);
    recorder_.on(at(ready, TaskReady{&task}));
    if (!task.is_group) {
      recorder_.on(at(began, AttemptStarted{&task, 1, slot}));
      AttemptEnded attempt;
      attempt.task = &task;
      attempt.duration = ended - began;
      recorder_.on(at(ended, attempt));
    }
    recorder_.on(at(ended, succeeded(task, ended - began)));
  }
  Names path() {
    RunEnded ended;
    ended.duration = 100s;
    recorder_.on(at(100s, ended));
    Names names;
    for (const std::size_t index : critical_path(recorder_.record())) {
      names.push_back(recorder_.record().tasks[index].name);
    }
    return names;
  }
  const RunRecord& record() const { return recorder_.record(); }

 private:
  std::vector<Task> tasks_;
  std::optional<Plan> plan_;
  RunRecorder recorder_;
};

}  // namespace

TEST_CASE("the critical path goes back from the last end through the needs that were waited for") {
  RecordedRun recorded({"a", "b", "c", "d", "e"});
  recorded.needs(3, 1);
  recorded.needs(3, 2);
  recorded.needs(4, 3);
  recorded.start();
  recorded.ran(1, 0s, 0s, 1s, 1);
  recorded.ran(2, 0s, 0s, 3s, 2);
  recorded.ran(5, 0s, 0s, 4s, 3);
  recorded.ran(3, 3s, 3s, 4s, 1);
  recorded.ran(4, 4s, 4s, 9s, 1);
  CHECK(recorded.path() == Names{"b", "c", "d"});
}

TEST_CASE("the critical path goes through a group to the task that ended it") {
  RecordedRun recorded({"g", "g/short", "g/long", "after"});
  recorded.needs(4, 1);
  recorded.start();
  recorded.ran(2, 0s, 0s, 1s, 1);
  recorded.ran(3, 0s, 0s, 5s, 2);
  recorded.ran(1, 0s, 0s, 5s);
  recorded.ran(4, 5s, 5s, 6s, 1);
  CHECK(recorded.path() == Names{"g/long", "after"});
}

TEST_CASE("the critical path of tasks without needs goes through the slot they waited for") {
  RecordedRun recorded({"first", "other", "second"});
  recorded.start();
  recorded.ran(1, 0s, 0s, 4s, 1);
  recorded.ran(2, 0s, 0s, 5s, 2);
  recorded.ran(3, 0s, 4s, 8s, 1);
  CHECK(recorded.path() == Names{"first", "second"});
}

TEST_CASE("tasks without a duration do not lead the critical path in a circle") {
  RecordedRun recorded({"a", "b"});
  recorded.start();
  recorded.ran(1, 0s, 1s, 1s, 1);
  recorded.ran(2, 0s, 1s, 1s, 1);
  CHECK(recorded.path().size() == 2);
}

TEST_CASE("a run without tasks has no critical path") {
  RecordedRun recorded({});
  recorded.start();
  CHECK(recorded.path().empty());
}

TEST_CASE("usage adds up over attempts, and of memory the most counts") {
  TaskRecord task;
  task.attempts.resize(2);
  task.attempts[0].usage = {1s, 2s, 100, 3, 4};
  task.attempts[1].usage = {10s, 20s, 50, 30, 40};
  const Usage sum = usage_of(task);
  CHECK(sum.user == 11s);
  CHECK(sum.system == 22s);
  CHECK(sum.rss_bytes_max == 100);
  CHECK(sum.voluntary_switches == 33);
  CHECK(sum.involuntary_switches == 44);
}

TEST_CASE("the record is as exact as an event log") {
  RecordedRun recorded({"a\xff"});
  recorded.start();
  recorded.ran(1, 1ns, 1234567ns, 2234999ns);
  recorded.path();
  const TaskRecord& task = recorded.record().tasks[0];
  CHECK(task.name == "a\xef\xbf\xbd");
  CHECK(task.attempts[0].began == 1235us);
  CHECK(task.attempts[0].duration == 1000us);
}

TEST_CASE("notices are bounded") {
  RunRecorder recorder;
  for (std::size_t i = 0; i < RunRecorder::kNoticesMax + 5; ++i) {
    recorder.on(at(0s, Notice{Notice::Level::info, nullptr, "x"}));
  }
  CHECK(recorder.record().notices.size() == RunRecorder::kNoticesMax);
}

TEST_CASE("a bounded recorder keeps some of a stream's tasks, as they were, and counts the rest") {
  RunRecorder recorder(2);
  recorder.on(at(0s, RunStarted{"r1", "ci", Mode::aggregate, nullptr, 0}));
  std::vector<Task> tasks(12);
  for (Task& task : tasks) {
    task.id = static_cast<TaskId>(&task - tasks.data()) + 1;
    task.full_name = "t" + std::to_string(task.id);
  }
  const auto start = [&](int i) { recorder.on(at(1s, AttemptStarted{&tasks[i], 1, 1})); };
  const auto end = [&](int i) {
    recorder.on(at(2s, i % 2 == 0 ? succeeded(tasks[i]) : failed(tasks[i], i)));
  };
  start(0);  // as long as the run goes on, a task is in the record
  for (int i = 1; i < 11; ++i) {
    start(i);
    end(i);
    CHECK(recorder.record().tasks.size() <= 6);
  }
  start(11);
  end(0);
  end(11);
  recorder.on(at(3s, RunEnded()));

  const RunRecord& run = recorder.record();
  Names kept;
  for (const TaskRecord& task : run.tasks) {
    CHECK(task.attempts.size() == 1);
    kept.push_back(task.name + ": " + std::string(to_string(task.state)) + task.cause);
  }
  std::ranges::sort(kept);
  CHECK(kept == Names{"t2: failedexit 1", "t3: succeeded", "t4: failedexit 3", "t5: succeeded"});
  CHECK(run.left_out == std::array<std::size_t, 5>{4, 4, 0, 0, 0});
}
