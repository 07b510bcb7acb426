// SPDX-License-Identifier: Apache-2.0
//
// The command lines of tasks of exec, as a dry run prints them.
#include "cmd/input/exec_tasks.h"

#include "support/cmd_test.h"

namespace errand::test {
namespace {

Task task_with(Run run) {
  Task task;
  task.run = std::move(run);
  return task;
}

TEST_CASE("a script is its own command line, and words are quoted only where a shell needs it") {
  CHECK(cmd::command_line(task_with(Script{"echo $A"})) == "echo $A");
  CHECK(cmd::command_line(task_with(Argv{"gzip", "-9", "a b", "it's", ""})) ==
        "gzip -9 'a b' 'it'\\''s' ''");
}

TEST_CASE("a plan's command lines are those of the tasks that run, a line each") {
  Task done = task_with(Script{"echo done"});
  done.earlier_result = std::make_shared<EarlierResult>();
  const Plan plan(
      {Task(), task_with(Script{"echo a\necho b"}), done, task_with(Argv{"c", "\x1b"})});
  const std::string lines = cmd::command_lines(plan);
  CHECK(lines_of(lines).size() == 2);
  CHECK(contains(lines, "echo a"));
  CHECK(contains(lines, "echo b"));
  CHECK_FALSE(contains(lines, "echo done"));
  CHECK_FALSE(contains(lines, "\x1b"));
}

}  // namespace
}  // namespace errand::test
