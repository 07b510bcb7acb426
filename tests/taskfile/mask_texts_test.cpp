// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/mask_texts.h"

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

ReadOptions with_token(const std::string& token) {
  ReadOptions options;
  options.variable = [token](const std::string& name) -> std::optional<std::string> {
    return name == "TOKEN" ? std::optional(token) : std::nullopt;
  };
  return options;
}

Lines names(const Plan& plan) {
  Lines names;
  for (const Task& task : plan.tasks().subspan(1)) names.push_back(task.full_name);
  return names;
}

Lines names_in(const std::string& text, const std::string& token) {
  return names(yaml_plan(text, with_token(token)));
}

Lines problems_with(const std::string& token, const std::string& text) {
  return problems_in("secrets: [TOKEN]\n" + text, Format::yaml, with_token(token));
}

}  // namespace

TEST_CASE("[F3.4] the names of the run, of tasks and of groups are masked") {
  const Plan plan = yaml_plan(
      "secrets: [TOKEN]\n"
      "name: for hunter2222\n"
      "tasks:\n"
      "  g-hunter2222: { description: has hunter2222, tasks: { a: x, hunter2222-b: x } }\n"
      "  c: { run: x, name: \"c-${{ env.TOKEN }}\" }\n",
      with_token("hunter2222"));
  CHECK(plan.root().name == "for ***");
  CHECK(names(plan) == Lines{"g-***", "g-***/a", "g-***/***-b", "c-***"});
  CHECK(plan.task(1).description == "has ***");
  CHECK(plan.task(2).has_masked_name);
  CHECK(plan.task(2).name == "a");
}

TEST_CASE("[F3.4] names that become equal are numbered in file order, others keep theirs") {
  CHECK(names_in("secrets: [TOKEN, B]\n"
                 "env: { B: other-secret }\n"
                 "tasks:\n"
                 "  x-hunter2222: x\n"
                 "  x-other-secret: x\n"
                 "  x-***: x\n"
                 "  g: { tasks: { x-other-secret: x, x-hunter2222: x } }\n",
                 "hunter2222") ==
        Lines{"x-***#2", "x-***#3", "x-***", "g", "g/x-***", "g/x-***#2"});
}

TEST_CASE("[F3.4] members of a matrix are masked before their values are made fit for names") {
  const std::string long_one(300, 'v');
  CHECK(names_in("secrets: [TOKEN, L]\n"
                 "env: { L: " +
                     long_one +
                     " }\n"
                     "tasks:\n"
                     "  m: { run: x, matrix: { v: [a/hunter2222, plain/x, " +
                     long_one + "] } }\n",
                 "a/hunter2222") == Lines{"m", "m/***", "m/plain_x", "m/***#2"});
}

TEST_CASE("[F3.4] a secret that several names make up is not shown") {
  CHECK(names_in("secrets: [TOKEN]\n"
                 "tasks: { a: { tasks: { bc: x, d: x } }, ab: { tasks: { c: x } } }\n",
                 "a/bc") == Lines{"a", "a/***", "a/d", "ab", "ab/c"});
}

TEST_CASE("[F3.2] the reason why a task is excluded is masked before it is shortened") {
  const std::string start(70, 'x');
  const Plan plan = yaml_plan(
      "secrets: [TOKEN]\ntasks: { a: { run: x, if: \"'" + start + "hunter2222hunter' == ''\" } }\n",
      with_token("hunter2222hunter"));
  CHECK(plan.task(1).excluded == "if: '" + start + "***' == '" + "...");
}

TEST_CASE("[F3.4] messages of the reader show no secret") {
  CHECK(problems_with("hunter2222", "tasks: { a: { run: x, timeout: \"${{ env.TOKEN }}\" } }\n") ==
        Lines{"f:2:32: timeout: '***' is not a duration; write it as 250ms, 10s, 5m or 1h30m"});
  CHECK(
      problems_with("hunter2222", "tasks: { a: { run: x, needs: hunter2222 } }\n") ==
      Lines{"f:2:30: unknown task \"***\"; name a task beside this one, or any by its full name"});
}

TEST_CASE("[F3.3] messages of the reader show no secret that they quote or escape") {
  const std::string text = "tasks: { a: { run: x, timeout: \"${{ env.TOKEN }}\" } }\n";
  for (const std::string& token :
       Lines{"it's\ta\nsecret", "a \xE2\x80\xAE word", "::set x", "\"q\"\\"}) {
    CAPTURE(token);
    CHECK(problems_with(token, text) ==
          Lines{"f:2:32: timeout: '***' is not a duration; write it as 250ms, 10s, 5m or 1h30m"});
  }
}

TEST_CASE("[F3.2] messages of the reader show no part of a secret that they shorten") {
  const std::string start(60, 'x');
  const Lines problems =
      problems_with("a-secret-" + std::string(30, 's'),
                    "tasks: { a: { run: x, kill_signal: \"" + start + "${{ env.TOKEN }}\" } }\n");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "f:2:36: \"kill_signal\" expects a signal such as TERM or 15, found \"" +
                           start + "***...\"");
}

TEST_CASE("[F3.4] a message in front of the line that has the secret does not show it either") {
  CHECK(problems_in("tasks: { a: { run: x, timeout: hunter2222 },\n"
                    "  b: { run: x, env: { T: hunter2222 }, secrets: [T] } }\n",
                    Format::yaml) ==
        Lines{"f:1:32: timeout: '***' is not a duration; write it as 250ms, 10s, 5m or 1h30m"});
}

TEST_CASE("[F3.4] names of a stream are masked as they arrive, and not numbered") {
  const ReadOptions options = with_token("hunter2222");
  TaskLineReader reader(options);
  const auto first = reader.read(R"({"name": "a hunter2222", "run": "x"})", 1);
  REQUIRE(first);
  CHECK(first->full_name == "a hunter2222");  // nothing has said that it is a secret
  for (std::uint32_t line = 2; line < 4; ++line) {
    const auto later =
        reader.read(R"({"name": "a hunter2222", "run": "x", "secrets": ["TOKEN"]})", line);
    REQUIRE(later);
    CHECK(later->full_name == "a ***");
    CHECK(later->has_masked_name);
  }
  CHECK(first->masker->mask("hunter2222") == "***");
  const auto bad = reader.read(R"({"run": "x", "timeout": "hunter2222"})", 4);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().front().what.find("hunter") == std::string::npos);
}

TEST_CASE("[F3.4] a suggestion of the reader shows no secret of a matrix") {
  CHECK(problems_with("hunter/2222",
                      "tasks: { m: { run: x, matrix: { v: [hunter/2222, b] } },\n"
                      "  n: { run: x, needs: m/hunter/2222 } }\n") ==
        Lines{"f:3:23: unknown task \"m/***\", did you mean \"m/***\"?"});
}
