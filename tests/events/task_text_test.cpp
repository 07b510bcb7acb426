// SPDX-License-Identifier: Apache-2.0
#include "errand/events/task_text.h"

#include "support/report_fixture.h"
#include "support/secrets.h"

using namespace errand;
using namespace errand::test;

TEST_CASE("each state of a task reads in one line") {
  const Plan plan = make_plan({"build"});
  const Task& build = plan.task(1);
  CHECK(task_result_line(succeeded(build), false) == "build: ok in 1.2s");
  CHECK(task_result_line(failed(build, 2), false) == "build: failed: exit 2 in 3.1s");
  CHECK(task_result_line(unstarted(build, TaskState::canceled, "lint failed (exit 2)"), false) ==
        "build: canceled: lint failed (exit 2)");
  CHECK(task_result_line(unstarted(build, TaskState::skipped, "needs lint: failed"), false) ==
        "build: skipped: needs lint: failed");
  TaskEnded late = failed(build, 143);
  late.state = TaskState::timed_out;
  late.error = Error::text("timed out after 1s");
  CHECK(task_result_line(late, false) == "build: timed out after 1s");
  late.error = Error::text("the timeout of group 'x' (1s) passed");
  CHECK(task_result_line(late, false) == "build: timed out: the timeout of group 'x' (1s) passed");
}

TEST_CASE("an attempt that never ran has no duration") {
  const Plan plan = make_plan({"build"});
  TaskEnded ended = failed(plan.task(1), 1);
  ended.status.reset();
  ended.error = Error::text("exec 'nosuch': No such file or directory");
  CHECK(task_result_line(ended, false) ==
        "build: failed: exec 'nosuch': No such file or directory");
}

TEST_CASE("allowed failures and flaky successes are marked") {
  const Plan plan = make_plan({"build"});
  TaskEnded ended = failed(plan.task(1), 1);
  ended.allowed = true;
  CHECK(task_result_line(ended, false) == "build: failed: exit 1 in 3.1s (allowed)");
  ended = succeeded(plan.task(1));
  ended.flaky = true;
  ended.attempts = 2;
  CHECK(task_result_line(ended, false) == "build: ok in 1.2s (flaky: attempt 2)");
  ended.flaky_cause = Error::text("exit 7");
  CHECK(task_result_line(ended, false) ==
        "build: ok in 1.2s (flaky: attempt 2; the first: exit 7)");
}

TEST_CASE("names and errors cannot steer the terminal, and colour is errand's own") {
  const Plan plan = make_plan({"a\x1b[2Jb\n"});
  TaskEnded ended = failed(plan.task(1), 1);
  ended.error = Error::text("line\nbreak");
  CHECK(task_result_line(ended, false) == "a\\e[2Jb\\n: failed: line\\nbreak in 3.1s");
  CHECK(task_result_line(succeeded(plan.task(1)), true) ==
        "a\\e[2Jb\\n: \x1b[32mok\x1b[0m in 1.2s");
}

TEST_CASE("a command is shown in one line") {
  Task task;
  task.run = Script{"\n  make -j4 all\n"};
  CHECK(command_text(task, 80) == "make -j4 all");
  task.run = Script{"set -u\nmake all\n"};
  CHECK(command_text(task, 80) == "set -u …");
  task.run = Argv{"grep", "-e", "it's here", "", "*.c"};
  CHECK(command_text(task, 80) == "grep -e 'it'\\''s here' '' '*.c'");
  task.run = Script{std::string(200, 'x')};
  CHECK(command_text(task, 20) == std::string(19, 'x') + "…");
  task.run = Argv(100000, std::string(1000, 'y'));
  CHECK(command_text(task, 20) == std::string(19, 'y') + "…");
  task.run = Run();
  CHECK(command_text(task, 20).empty());
}

TEST_CASE("all commands of a task are shown, for any of them may have failed") {
  Task task;
  task.run = Script{"make all"};
  Policy policy;
  policy.then = {Script{"make check\nmore"}, Argv{"cp", "a b", "c"}};
  task.policy = std::make_shared<const Policy>(policy);
  CHECK(command_text(task, 80) == "make all, then make check …, then cp 'a b' c");
  CHECK(command_text(task, 12) == "make all, t…");
  policy.then.assign(100000, Argv{"true"});
  task.policy = std::make_shared<const Policy>(policy);
  CHECK(command_text(task, 12) == "make all, t…");
}

TEST_CASE("a shared outcome names the task that it is from") {
  const Plan plan = make_plan({"build", "again"});
  TaskEnded ended = failed(plan.task(2), 2);
  ended.same_as = "build";
  CHECK(task_result_line(ended, false) == "again: failed: exit 2 (the outcome of build)");
}

namespace {

// How this command is shown in 40 columns where `secrets` are secret.
std::string shown_with(Run run, std::initializer_list<std::string_view> secrets) {
  Task task;
  task.run = std::move(run);
  task.masker = masker_of(secrets);
  return command_text(task, 40);
}

}  // namespace

TEST_CASE("[F3.2] a command that is cut within a secret shows no part of it") {
  const std::string start(36, 'x');
  CHECK(shown_with(Script{start + "hunter2222 y"}, {"hunter2222"}) == start + "***…");
  CHECK(shown_with(Argv{start, "hunter2222"}, {"hunter2222"}) == start + " '*…");
  const std::string far(160, 'y');  // so much of a text is looked at, and a bit more
  CHECK(shown_with(Script{"a" + far + "hunter2222"}, {"a" + far + "hunter2222"}) == "***");
}

TEST_CASE("[F3.3] a secret with characters that are quoted or escaped is masked in a command") {
  CHECK(shown_with(Argv{"login", "it's\ta"}, {"it's\ta"}) == "login '***'");
  CHECK(shown_with(Script{"login \xE2\x80\xAE&<> x"}, {"\xE2\x80\xAE&<>"}) == "login *** x");
  CHECK(shown_with(Script{"echo 'one\ntwo'"}, {"one\ntwo"}) == "echo '***'");
}

TEST_CASE("[F3.3] a secret that several words or their quotes make up is masked in a command") {
  CHECK(shown_with(Argv{"say", "my", "secret", "word"}, {"my secret"}) == "say *** word");
  CHECK(shown_with(Argv{"say", "my word"}, {"'my word'"}) == "say ***");
}
