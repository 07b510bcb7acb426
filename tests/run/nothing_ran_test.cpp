// SPDX-License-Identifier: Apache-2.0
//
// A run that started nothing, and when that is a success.
#include "errand/run/nothing_ran.h"

#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

// Has no task, which may be an error.
class EmptySource final : public TaskSource {
 public:
  explicit EmptySource(Error error, std::size_t left_out = 0)
      : error_(std::move(error)), left_out_(left_out) {}
  awaitable<Result<std::optional<Task>>> next(Context) override { co_return std::nullopt; }
  std::size_t left_out() const override { return left_out_; }
  Error empty_error() const override { return error_; }

 private:
  Error error_;
  std::size_t left_out_;
};

RunEnded run_stream(RunTest& test, TaskSource& source) {
  Task root;
  root.is_group = true;
  Runner runner(test.executor, test.output, test.recorder, {});
  return test.run(runner.run_stream(test.background(), test.background(), root, source));
}

std::string note(const RunCoverage& coverage) {
  const auto nothing = judge_coverage(coverage);
  return !nothing ? "ran" : nothing->error ? "error: " + nothing->error.message() : nothing->note;
}

}  // namespace

TEST_CASE("[F1.1] what a run that started nothing comes to") {
  CHECK(note({.given = 2, .started = 1}) == "ran");
  CHECK(note({.given = 2}) == "error: nothing was started, though 2 tasks were to run");
  CHECK(note({.given = 3, .excluded = 2}) ==
        "error: nothing was started, though 1 task was to run");
  CHECK(note({.given = 2, .excluded = 2}) ==
        "note: nothing was started: if, when or an earlier run leaves out all 2 tasks");
  CHECK(note({.left_out = 1}) ==
        "note: nothing was started: --only and --skip leave out the only task");
  CHECK(note({}) == "note: nothing was started: the input has no task");
  CHECK(note({.empty_error = Error::text("empty")}) == "error: empty");
  CHECK(note({.left_out = 4, .empty_error = Error::text("empty")}) ==
        "note: nothing was started: --only and --skip leave out all 4 tasks");
}

TEST_CASE("[F1.1] a stream that may not be empty and is fails the run with 125") {
  RunTest test;
  EmptySource source(Error::text("standard input is empty"));
  const RunEnded ended = run_stream(test, source);
  CHECK(ended.exit_status == 125);
  CHECK(ended.state == TaskState::failed);
  CHECK(ended.error.message() == "standard input is empty");
}

TEST_CASE("[F1.1] an empty stream that was asked for is a success with a note") {
  RunTest test;
  EmptySource source{Error()};
  CHECK(run_stream(test, source).exit_status == 0);
  CHECK(test.recorder.lines.front() ==
        "0s notice note: nothing was started: the input has no task");
}

TEST_CASE("[F1.1] a run of which the conditions leave nothing says so") {
  RunTest test;
  CHECK(test.run_plan("tasks: {a: {run: x, if: 'false'}, g: {if: 'false', tasks: {b: x}}}")
            .exit_status == 0);
  CHECK(test.recorder.lines.end()[-2] ==
        "0s notice note: nothing was started: if, when or an earlier run leaves out all 2 tasks");
}

TEST_CASE("[F1.1] tasks that could not be started, and are allowed to fail, were tried") {
  RunTest test;
  test.executor.behaviors["a"].error = Error::make(NotExecutable{"no such program", 127});
  CHECK(test.run_plan("tasks: {a: {run: x, allow_failure: true}}").exit_status == 0);
}

TEST_CASE("a task that cannot run fails with its reason, and starts nothing") {
  RunTest test;
  std::vector<Task> tasks = test.plan("tasks: {a: x}").take_tasks();
  tasks[1].impossible = "<stdin>:7: {2} has no value";
  const RunEnded ended = test.run_plan(Plan(std::move(tasks)));
  CHECK(ended.exit_status == 125);
  CHECK(test.executor.started.empty());
  CHECK(test.recorder.state("a") == "failed: <stdin>:7: {2} has no value");
}
