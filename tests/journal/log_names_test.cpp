// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/log_names.h"

#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

struct Names {
  std::string end(const Task& task, TaskState state, std::uint64_t bytes = 5) {
    AttemptEnded attempt;
    attempt.task = &task;
    attempt.state = state;
    if (bytes > 0) attempt.output = {{{0, bytes}}, 1, 0};
    names.note(attempt);
    TaskEnded ended;
    ended.task = &task;
    ended.state = state;
    const auto log = names.take(ended);
    return log ? log->name : "none";
  }
  LogNames names;
};

}  // namespace

TEST_CASE("a failed task that wrote something has a log, whatever its name is") {
  const Plan plan = make_plan({"build", "a b", ".hidden", "quiet", "late"});
  Names names;
  CHECK(names.end(plan.task(1), TaskState::failed) == "build.log");
  CHECK(names.end(plan.task(2), TaskState::failed) == "a_b.log");
  CHECK(names.end(plan.task(3), TaskState::failed) == "_hidden.log");
  CHECK(names.end(plan.task(4), TaskState::failed, 0) == "none");
  CHECK(names.end(plan.task(4), TaskState::succeeded) == "none");
  CHECK(names.end(plan.task(4), TaskState::canceled) == "none");
  CHECK(names.end(plan.task(5), TaskState::timed_out) == "late.log");
}

TEST_CASE("two tasks of nearly one name have a log each") {
  const Plan plan = make_plan({"a b", "a?b", "a_b"});
  Names names;
  CHECK(names.end(plan.task(1), TaskState::failed) == "a_b.log");
  CHECK(names.end(plan.task(2), TaskState::failed) == "a_b-2.log");
  CHECK(names.end(plan.task(3), TaskState::failed) == "a_b-3.log");
}

TEST_CASE("the log is of the last failed attempt, and a task that succeeds then has none") {
  const Plan plan = make_plan({"a", "b"});
  LogNames names;
  const auto attempt = [&](const Task& task, TaskState state, std::uint64_t at) {
    AttemptEnded ended;
    ended.task = &task;
    ended.state = state;
    ended.output = {{{at, 1}}, 1, 0};
    names.note(ended);
  };
  for (const std::uint64_t at : {1, 2}) attempt(plan.task(1), TaskState::failed, at);
  const auto log = names.take(failed(plan.task(1), 1));
  REQUIRE(log);
  CHECK(log->output.pieces.front().at == 2);
  attempt(plan.task(2), TaskState::failed, 3);
  attempt(plan.task(2), TaskState::succeeded, 4);
  CHECK_FALSE(names.take(succeeded(plan.task(2))));
}

TEST_CASE("only so many tasks have a log") {
  const Plan plan = make_plan(std::vector<std::string>(LogNames::kLogsMax + 1, "t"));
  Names names;
  for (std::size_t i = 1; i <= LogNames::kLogsMax; ++i) {
    CHECK(names.end(plan.task(static_cast<TaskId>(i)), TaskState::failed) != "none");
  }
  CHECK(names.end(plan.task(LogNames::kLogsMax + 1), TaskState::failed) == "none");
}
