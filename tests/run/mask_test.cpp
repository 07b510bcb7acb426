// SPDX-License-Identifier: Apache-2.0
#include "errand/run/mask.h"

#include "support/fake_executor.h"
#include "support/secrets.h"

using namespace errand;
using namespace errand::test;

TEST_CASE("secrets never reach the output, the last lines or an error of a run") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1, .output = "my hunter2\n"};
  test.executor.behaviors["b"] = {.error = Error::text("exec 'hunter2': no")};
  Plan plan = test.plan("mode: aggregate\ntasks: {a: x, b: x}");
  std::vector<Task> tasks(plan.tasks().begin(), plan.tasks().end());
  tasks[0].masker = masker_of({"hunter2"});
  const Plan secret(std::move(tasks));
  Runner runner(test.executor, test.output, test.recorder, {});
  const RunEnded ended = test.run(runner.run(test.background(), test.background(), secret));
  CHECK(test.output.shown == std::vector<std::string>{"a: my ***\n"});
  CHECK(test.recorder.ended.at("a").last_lines == "my ***\n");
  CHECK(test.recorder.state("b") == "failed: exec '***': no");
  CHECK(ended.error.message() == "2 of 2 tasks failed");
}

namespace {

const char* const kSecrets =
    "env: { TOKEN: hunter2222, TAIL: hunter2222-and-more }\n"
    "secrets: [TOKEN, TAIL]\n";

}  // namespace

TEST_CASE("[F3.1] the output of every task is masked with the secrets of all tasks") {
  RunTest test;
  test.executor.behaviors["b"] = {.output = "my hunter2222\n"};
  test.run_plan("tasks: { a: { run: x, env: { T: hunter2222 }, secrets: [T] }, b: x }");
  CHECK(test.output.shown == std::vector<std::string>{"b: my ***\n"});
}

TEST_CASE("[F3.1] what was held back at the end of standard error is masked, or shown") {
  RunTest test;
  test.executor.behaviors["a"] = {.output = "the hunter2222", .stream = StdStream::err};
  test.executor.behaviors["b"] = {.output = "the hunter", .stream = StdStream::err};
  test.run_plan(std::string(kSecrets) + "jobs: 1\ntasks: { a: x, b: x }");
  CHECK(test.output.shown == std::vector<std::string>{"a: the ", "a: ***", "b: the ", "b: hunter"});
  CHECK(test.recorder.ended.at("a").last_lines == "the ***");
}

TEST_CASE("[F3.1] the standard error of a hedged attempt is masked") {
  RunTest test;
  test.executor.attempts["a"] = {
      {.takes = 10s, .output = "slow hunter2222", .stream = StdStream::err},
      {.takes = 1s, .output = "fast hunter2222", .stream = StdStream::err}};
  test.run_plan(std::string(kSecrets) + "tasks: { a: { run: x, hedge: { delay: 1s } } }");
  CHECK(test.output.shown == std::vector<std::string>{"a: fast ", "a: ***"});
  CHECK(test.recorder.ended.at("a").last_lines == "fast ***");
}

TEST_CASE("[F3.1] notices are masked: of a process left behind, and why a task is tried again") {
  RunTest test;
  test.executor.left_behind = {"stopped what was left behind: sleep hunter2222 (pid 8)"};
  test.executor.behaviors["a"] = {.exit_code = 1,
                                  .notices = {"left behind: curl -H hunter2222 (pid 7)"},
                                  .error_beside = Error::text("command hunter2222 of 3: exit 1")};
  test.run_plan(std::string(kSecrets) +
                "tasks: { a: { run: x, retry: { count: 1, jitter: none } } }");
  const std::string lines = [&] {
    std::string all;
    for (const std::string& line : test.recorder.lines) all += line + "\n";
    return all;
  }();
  CAPTURE(lines);
  CHECK(lines.find("notice left behind: curl -H *** (pid 7)") != std::string::npos);
  CHECK(lines.find("notice stopped what was left behind: sleep *** (pid 8)") != std::string::npos);
  CHECK(lines.find("attempt 1 failed (command *** of 3: exit 1)") != std::string::npos);
  CHECK(lines.find("hunter") == std::string::npos);
}

TEST_CASE("an error that is masked is of the same kind as before") {
  RunTest test;
  test.executor.behaviors["a"] = {
      .error = Error::make(NotExecutable{"exec 'hunter2222': not found", 127})};
  const RunEnded ended = test.run_plan(std::string(kSecrets) + "tasks: { a: x }");
  CHECK(test.recorder.state("a") == "failed: exec '***': not found");
  CHECK(test.recorder.ended.at("a").error.as<NotExecutable>());
  CHECK(ended.exit_status == 127);
}

TEST_CASE("a short secret is masked in output, and in nothing that errand says") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 7, .output = "7 of 8\n"};
  test.run_plan("env: { PIN: '7' }\nsecrets: [PIN]\ntasks: { a: x }");
  CHECK(test.output.shown == std::vector<std::string>{"a: *** of 8\n"});
  CHECK(test.recorder.state("a") == "failed: exit 7");
}

TEST_CASE("[F3.1] the last lines show no secret that only escape sequences had divided") {
  RunTest test;
  test.executor.behaviors["a"] = {.exit_code = 1,
                                  .output = "\x1b[1mbold\n x hun\x1b[0mter2222 y\n"};
  test.run_plan(std::string(kSecrets) + "tasks: { a: x }");
  CHECK(test.recorder.ended.at("a").last_lines == "\x1b[1mbold\n x *** y\n");
}
