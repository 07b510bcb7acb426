// SPDX-License-Identifier: Apache-2.0
//
// ${{ }} in a task file, and what it names: vars, variables and the values of a matrix.
#include <map>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// Options with these variables of errand's own.
ReadOptions with_process(std::map<std::string, std::string> variables) {
  ReadOptions options;
  options.variable = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return options;
}

Lines problems_with(std::string_view text, const ReadOptions& options) {
  return problems_in(text, Format::yaml, options);
}

// The script of the first task.
std::string script(std::string_view text, const ReadOptions& options = {}) {
  return script_of(yaml_plan(text, options).tasks().back());
}

std::string excluded(std::string_view condition, const ReadOptions& options = {}) {
  const Plan plan = yaml_plan(
      "vars: { x: y }\ntasks: { a: { run: x, if: " + std::string(condition) + " } }", options);
  return plan.tasks().back().excluded;
}

}  // namespace

TEST_CASE("[F1.9] a value for a name that the file's vars do not have is a problem") {
  const auto problems_with = [](std::string_view name) {
    ReadOptions options;
    options.vars = {{std::string(name), "x"}};
    const auto plan = read_plan("vars: { name: a, kind: b }\ntasks: [x]\n", Format::yaml, options);
    return plan ? "none" : plan.error().front().what;
  };
  CHECK(problems_with("name") == "none");
  CHECK(problems_with("nmae") ==
        "--var nmae: the file has no such name in its vars, did you mean \"name\"?");
  CHECK(problems_with("other") == "--var other: the file has no such name in its vars");
}

TEST_CASE("vars are replaced in every text of a task, also in the short form") {
  const Plan plan = yaml_plan(
      "vars: { v: one, n: 3, t: 5s, yes: true, d: sub, none: x }\n"
      "limits: { one: 3 }\n"
      "name: run ${{ vars.v }}\n"
      "jobs: ${{ vars.n }}\n"
      "tasks:\n"
      "  short: echo ${{ vars.v }}\n"
      "  argv: [echo, '${{ vars.v }}', \"<${{vars.n}}>\"]\n"
      "  long:\n"
      "    run: echo ${{ vars.v }}\n"
      "    description: ${{ vars.v }}!\n"
      "    dir: ${{ vars.d }}\n"
      "    timeout: ${{ vars.t }}\n"
      "    retry: ${{ vars.n }}\n"
      "    tty: ${{ vars.yes }}\n"
      "    env: { A: 'x${{ vars.v }}' }\n"
      "    locks: { one: '${{ vars.n }}' }\n"
      "    key: k-${{ vars.v }}\n"
      "    stdin: in-${{ vars.v }}\n"
      "    needs: ['sho${{ vars.none }}rt']\n"
      "  cmds: { cmds: ['a ${{ vars.v }}', [b, '${{ vars.v }}']] }\n"
      "  db: { run: x, service: true, ready: { log: 'up ${{ vars.v }}' } }\n",
      [] {
        ReadOptions options;
        options.vars = {{"none", ""}};
        return options;
      }());
  CHECK(plan.root().name == "run one");
  CHECK(plan.root().jobs->value == 3);
  CHECK(script_of(task_named(plan, "short")) == "echo one");
  CHECK(argv_of(task_named(plan, "argv")) == Argv{"echo", "one", "<3>"});
  const Task task = task_named(plan, "long");
  CHECK(script_of(task) == "echo one");
  CHECK(task.description == "one!");
  CHECK(task.dir == "sub");
  CHECK(task.timeout == Duration(5s));
  CHECK(task.policy->retry.count == 3);
  CHECK(task.policy->tty);
  CHECK(*task.env == std::vector<EnvEntry>{{"A", "xone"}});
  CHECK(task.policy->locks.front().count == 3);
  CHECK(task.policy->dedupe_key == "k-one");
  CHECK(task.policy->input.path == "in-one");
  CHECK(task.needs == needs({1}));
  CHECK(script_of(task_named(plan, "cmds")) == "a one");
  CHECK(std::get<Argv>(task_named(plan, "cmds").policy->then.front()) == Argv{"b", "one"});
  CHECK(std::get<ReadyRule::Log>(task_named(plan, "db").policy->ready->check).text == "up one");
}

TEST_CASE("keys, names of tasks among them, and vars themselves are not replaced") {
  const Plan plan = yaml_plan(
      "vars: { a: '${{ vars.b }}', b: c }\n"
      "tasks: { '${{ vars.b }}': '${{ vars.a }}' }\n");
  CHECK(script_of(task_named(plan, "${{ vars.b }}")) == "${{ vars.b }}");
}

TEST_CASE("an expression that an escape hides in the source is one") {
  CHECK(script("vars: { a: b }\ntasks: { t: \"\\x24{{ vars.a }}\" }") == "b");
}

TEST_CASE("vars of the command line go over those of the file") {
  ReadOptions options;
  options.vars = {{"a", "given"}};
  CHECK(script("vars: { a: x, b: y }\ntasks: { t: '${{ vars.a }} ${{ vars.b }}' }", options) ==
        "given y");
}

TEST_CASE("what vars are made of") {
  CHECK(yaml_problems("vars: [a]\ntasks: []") ==
        Lines{"f:1:7: \"vars\" expects a map of names and values, found a list"});
  CHECK(yaml_problems("vars: { a: [], b: ~, c: 1 }\ntasks: []") ==
        Lines{"f:1:12: \"a\" expects a text or a number, found an empty list",
              "f:1:19: \"b\" expects a text or a number, found nothing"});
  CHECK(yaml_problems("vars: { 1a: x }\ntasks: []") ==
        Lines{"f:1:9: \"1a\" cannot be named in ${{ vars.NAME }}; use letters, digits, _ and -, a "
              "letter first"});
}

TEST_CASE("unknown names are errors where they stand") {
  CHECK(yaml_problems("tasks:\n  a: { run: \"${{ vars.nope }}\" }\n  b: [x, \"${{ nope }}\"]\n") ==
        Lines{"f:2:13: run: there is no \"vars.nope\"; add it to the file's vars",
              "f:3:10: b: \"nope\" is unknown here; there are vars.NAME, matrix.NAME and "
              "env.NAME"});
  CHECK(yaml_problems("- { run: x, env: { A: \"${{ matrix.x }}\" } }") ==
        Lines{"f:1:23: env: there is no \"matrix.x\"; add it to the task's matrix"});
}

TEST_CASE("env is what the task sees: process, then file, from outer to inner") {
  const ReadOptions options = with_process({{"P", "process"}, {"A", "process"}});
  const std::string text =
      "env: { A: run, B: run }\n"
      "tasks:\n"
      "  g:\n"
      "    env: { B: group }\n"
      "    tasks:\n"
      "      t: { env: { C: own }, run: \"${{ env.P }} ${{ env.A }} ${{ env.B }} ${{ env.C }}\" "
      "}\n";
  CHECK(script(text, options) == "process run group own");
  ReadOptions over = options;
  over.env = {{"C", "given"}, {"P", std::nullopt}};
  CHECK(script("tasks: { t: { env: { C: own }, run: '${{ env.C }}' } }", over) == "given");
  CHECK(problems_with("- ${{ env.P }}", over).size() == 1);
}

TEST_CASE("the values of env see the variables around them, not each other") {
  const ReadOptions options = with_process({{"PATH", "/bin"}});
  const Plan plan = yaml_plan(
      "tasks: { t: { run: x, env: { PATH: '/opt:${{ env.PATH }}', B: '${{ env.PATH }}' } } }",
      options);
  CHECK(*plan.tasks().back().env == std::vector<EnvEntry>{{"PATH", "/opt:/bin"}, {"B", "/bin"}});
}

TEST_CASE("a variable that is unset is an error in a text, but not in a task that does not run") {
  CHECK(problems_with("tasks:\n  a: { run: \"${{ env.NOPE }}\" }\n", {}) ==
        Lines{"f:2:13: run: the variable \"NOPE\" is not set; set it in env, or let the shell read "
              "it at its time"});
  CHECK(problems_with("env: { A: 1 }\ntasks: { a: { run: \"${{ env.A }}\", env: { A: ~ } } }", {})
            .size() == 1);
  CHECK(script("tasks: { a: { if: env.CI == 'true', run: 'x ${{ env.SHA }}' } }") == "x ");
}

TEST_CASE("many variables are found as well as few") {
  std::string text = "env: { LAST: no";
  for (int i = 0; i < 100; ++i) text += ", V" + std::to_string(i) + ": x" + std::to_string(i);
  CHECK(script(text + " }\ntasks: { a: 'say ${{ env.V7 }} ${{ env.V99 }}' }") == "say x7 x99");
}

TEST_CASE("a matrix's values are there for its tasks, and for their env") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  t:\n"
      "    matrix: { n: [1, 2] }\n"
      "    run: t${{ matrix.n }} ${{ env.MATRIX_N }}\n"
      "    description: number ${{ matrix.n }}\n"
      "    env: { N: '${{ matrix.n }}${{ env.MATRIX_N }}' }\n"
      "    timeout: ${{ matrix.n }}s\n");
  const Task second = task_named(plan, "t/2");
  CHECK(script_of(second) == "t2 2");
  CHECK(second.description == "number 2");
  CHECK(second.timeout == Duration(2s));
  CHECK(*second.env == std::vector<EnvEntry>{{"MATRIX_N", "2"}, {"N", "22"}});
  CHECK(task_named(plan, "t").description.empty());
}

TEST_CASE("the lists of a matrix may have expressions, of what is around it") {
  const Plan plan =
      yaml_plan("vars: { v: a }\ntasks: { t: { matrix: { n: ['${{ vars.v }}', b] }, run: x } }");
  CHECK(task_named(plan, "t/a").name == "a");
}

TEST_CASE("a task whose condition does not hold is excluded, and says why") {
  const ReadOptions ci = with_process({{"CI", "true"}});
  CHECK(excluded("env.CI == 'true'", ci).empty());
  CHECK(excluded("env.CI == 'true'") == "if: env.CI == 'true'");
  CHECK(excluded("\"${{ vars.x == 'y' }}\"").empty());
  CHECK(excluded("vars.x != 'y'") == "if: vars.x != 'y'");
  CHECK(excluded("false") == "if: false");
  CHECK(excluded("true").empty());
  CHECK(excluded("FALSE") == "if: FALSE");
  CHECK(excluded("True").empty());
  CHECK(excluded("\"vars.x ==\\n'\\e'\"") == "if: vars.x ==\\n'\\e'");
}

TEST_CASE("a condition sees the task's own variables") {
  CHECK(yaml_plan("- { run: x, env: { A: 1 }, if: env.A == 1 }").tasks().back().excluded.empty());
}

TEST_CASE("a group whose condition does not hold excludes all that is in it") {
  const Plan plan = yaml_plan(
      "tasks: { g: { if: false, tasks: { a: x, h: { tasks: { b: { run: x, if: 1 == 2 } } } } },\n"
      "         c: x }");
  for (const char* name : {"g", "g/a", "g/h", "g/h/b"}) {
    CHECK(task_named(plan, name).excluded == "if: false");
  }
  CHECK(task_named(plan, "c").excluded.empty());
}

TEST_CASE("the condition of a matrix task is asked for each combination") {
  const Plan plan = yaml_plan(
      "tasks: { t: { run: x, matrix: { n: [1, 2] }, if: matrix.n == 2 },\n"
      "         u: { run: x, matrix: { n: [1, 2] }, if: matrix.n == 3 } }");
  CHECK(task_named(plan, "t").excluded.empty());
  CHECK(task_named(plan, "t/1").excluded == "if: matrix.n == 2");
  CHECK(task_named(plan, "t/2").excluded.empty());
  CHECK(task_named(plan, "u").excluded == "if: matrix.n == 3");  // none of it runs
}

TEST_CASE("what is wrong with a condition") {
  CHECK(yaml_problems("- { run: x, if: vars.x }") ==
        Lines{"f:1:17: if: in the condition at \"vars.x\": there is no \"vars.x\"; add it to the "
              "file's vars"});
  CHECK(yaml_problems("- { run: x, if: [a] }") ==
        Lines{"f:1:17: \"if\" expects a condition such as env.CI == 'true', found a list"});
  CHECK(yaml_problems("- { run: x, if: }").size() == 1);
}

TEST_CASE("expressions do not blow a plan up") {
  std::string text = "vars: { a: " + std::string(1'000'000, 'x') + " }\ntasks:\n";
  std::string bomb;
  for (int i = 0; i < 15; ++i) bomb += "${{ vars.a }}";
  for (int i = 0; i < 50; ++i) text += "- \"" + bomb + "\"\n";
  const Lines problems = yaml_problems(text);
  REQUIRE(!problems.empty());
  CHECK(problems[0].ends_with(
      "the matrices, expressions and defaults of this file make too much of it; let them repeat "
      "less"));
}

TEST_CASE("matrices do not blow a plan up") {
  const std::string digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
  const Lines problems =
      yaml_problems("- { run: " + std::string(300'000, 'x') + ", matrix: { a: " + digits +
                    ", b: " + digits + ", c: " + digits + " } }\n");
  CHECK(problems ==
        Lines{"f:1:3: the matrices, expressions and defaults of this file make too much "
              "of it; let them repeat less"});
}
