// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with keys and values, each with its place and its words.
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

TEST_CASE("[P27] an unknown key is refused with the nearest known one") {
  CHECK(yaml_problems("tasks:\n  a:\n    commad: x\n") ==
        Lines{"f:3:5: unknown key \"commad\", did you mean \"command\"?"});
  CHECK(yaml_problems("tasks: { a: x }\ntimeuot: 5m\n") ==
        Lines{"f:2:1: unknown key \"timeuot\", did you mean \"timeout\"?"});
  CHECK(yaml_problems("tasks: { a: x }\nfoo: 1\n") ==
        Lines{"f:2:1: unknown key \"foo\"; remove it, or let it begin with x- to have it ignored"});
}

TEST_CASE("camelCase is refused with the right spelling") {
  CHECK(yaml_problems("- { run: x, killSignal: INT }") ==
        Lines{"f:1:13: unknown key \"killSignal\", write \"kill_signal\""});
  CHECK(yaml_problems("- { Run: x }") == Lines{"f:1:5: unknown key \"Run\", write \"run\""});
  CHECK(yaml_problems("- { run: x, dependsOn: [] }") ==
        Lines{"f:1:13: unknown key \"dependsOn\", write \"depends_on\""});
}

TEST_CASE("timeout-minutes is refused with the exact rewrite") {
  CHECK(yaml_problems("- { run: x, timeout-minutes: 10 }") ==
        Lines{"f:1:13: \"timeout-minutes\" is not a key here; write it as timeout: 10m"});
  CHECK(yaml_problems("- { run: x, timeout_minutes: [] }") ==
        Lines{"f:1:13: \"timeout_minutes\" is not a key here; write it as timeout: 5m"});
  CHECK(yaml_problems("- { run: x, timeoutMinutes: 1.5 }") ==
        Lines{"f:1:13: \"timeoutMinutes\" is not a key here; write it as timeout: 1.5m"});
}

TEST_CASE("a key at the wrong level is told where it belongs") {
  CHECK(yaml_problems("needs: a\ntasks: { a: x }\n") ==
        Lines{"f:1:1: \"needs\" belongs to a task; write it there, below \"tasks\""});
  CHECK(yaml_problems("run: x\n") ==
        Lines{"f:1:1: \"run\" belongs to a task; write it there, below \"tasks\""});
  CHECK(yaml_problems("retry: 1\ntasks: [x]\n") ==
        Lines{"f:1:1: \"retry\" belongs to a task; write it there, below \"tasks\", or for all of "
              "them into \"defaults\""});
  CHECK(yaml_problems("- { run: x, version: 1 }") ==
        Lines{"f:1:13: \"version\" belongs to the top of the file; write it there"});
  const std::string tail =
      " belongs to the top of the file or to a task that has \"tasks\"; remove it here";
  CHECK(yaml_problems("- { run: x, jobs: 2, mode: errgroup }") ==
        Lines{"f:1:13: \"jobs\"" + tail, "f:1:22: \"mode\"" + tail});
  const std::string group = " belongs to a task that has no \"tasks\"; write it there";
  CHECK(yaml_problems("- { tasks: [x], slow_after: 1s, key: a }") ==
        Lines{"f:1:17: \"slow_after\"" + group +
                  ", or for all of them into \"defaults\" at the top of the file",
              "f:1:33: \"key\"" + group});
}

TEST_CASE("[F1.11] a key that is equal for all tasks of a matrix is refused") {
  const std::string why =
      "equal for all tasks of the matrix, of which only one would run; mention ${{ matrix.NAME }} "
      "in it, or remove it";
  CHECK(yaml_problems("- { run: x, matrix: { n: [1, 2] }, key: build }") ==
        Lines{"f:1:41: " + why});
  CHECK(yaml_problems("vars: { v: x }\n"
                      "tasks: [{ run: x, matrix: { n: [1, 2] }, key: \"matrix.${{ vars.v }}\" }]")
            .size() == 1);
  CHECK(yaml_problems("- { run: x, matrix: { n: [1, 2] }, key: \"a${{ matrix.n }}\" }").empty());
  CHECK(yaml_problems("- { run: x, key: build }\n- { run: x, key: build }").empty());
}

TEST_CASE("every key stands at its levels and nowhere else") {
  struct Level {
    const char* name;
    std::string before, after;
  };
  const Level run = {"run", "", "\ntasks: [x]\n"};
  const Level group = {"group", "- { tasks: [x], ", " }"};
  const Level task = {"task", "- { run: x, ", " }"};
  const Level matrix = {"matrix", "- { run: x, matrix: { a: [1] }, ", " }"};
  struct Case {
    const char* key;
    const char* levels;  // by their first letters
  };
  const Case cases[] = {
      {"version: 1", "r"},
      {"name: n", "rgtm"},
      {"description: d", "rgtm"},
      {"shell: [sh]", "rgtm"},
      {"dir: d", "rgtm"},
      {"env: { A: 1 }", "rgtm"},
      {"env_file: []", "rgtm"},
      {"secrets: [A]", "rgtm"},
      {"timeout: 1s", "rgtm"},
      {"grace: 1s", "rgtm"},
      {"kill_signal: INT", "rgtm"},
      {"vars: { a: 1 }", "r"},
      {"limits: { a: 1 }", "r"},
      {"defaults: { retry: 1 }", "r"},
      {"mode: race", "rgm"},
      {"jobs: 2", "rgm"},
      {"halt: \"now,fail=1\"", "rgm"},
      {"rate: 10/s", "rgm"},
      {"breaker: { failures: 3 }", "rgm"},
      {"needs: []", "gtm"},
      {"if: \"true\"", "gtm"},
      {"when: always", "gtm"},
      {"slow_after: 1s", "rtm"},
      {"deadline: 1s", "tm"},
      {"allow_failure: true", "tm"},
      {"continue-on-error: true", "tm"},
      {"success_exit_codes: [0]", "tm"},
      {"retry: 1", "tm"},
      {"hedge: { delay: 1s }", "tm"},
      {"locks: []", "tm"},
      {"weight: 2", "tm"},
      {"service: true", "tm"},
      {"stdin: inherit", "tm"},
      {"tty: true", "tm"},
      {"interactive: true", "tm"},
      {"nice: 5", "tm"},
      {"rlimit: { nofile: 10 }", "tm"},
      {"max_memory: 1G", "tm"},
  };
  for (const Case& each : cases) {
    for (const Level& level : {run, group, task, matrix}) {
      CAPTURE(each.key, level.name);
      const bool right = std::string_view(each.levels).find(level.name[0]) != std::string::npos;
      const Lines problems = yaml_problems(level.before + each.key + level.after);
      if (right) {
        CHECK(problems == Lines{});
      } else {
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].find(" belongs to ") != std::string::npos);
      }
    }
  }
}

TEST_CASE("a task has exactly one of run and tasks") {
  CHECK(yaml_problems("tasks:\n  a: { run: x, tasks: { a: x } }\n") ==
        Lines{"f:2:8: \"run\" and \"tasks\" cannot stand together; a task has one of them"});
  CHECK(yaml_problems("tasks:\n  a: { cmds: [x], tasks: { a: x } }\n") ==
        Lines{"f:2:8: \"cmds\" and \"tasks\" cannot stand together; a task has one of them"});
  CHECK(yaml_problems("tasks:\n  a: { cmds: [x], run: y }\n") ==
        Lines{"f:2:19: \"run\" and \"cmds\" cannot stand together; a task has one of them"});
  CHECK(yaml_problems("tasks:\n  a: { matrix: { b: [1] }, tasks: { a: x } }\n") ==
        Lines{"f:2:8: \"matrix\" and \"tasks\" cannot stand together; a task has one of them"});
  CHECK(yaml_problems("tasks:\n  a: {}\n") ==
        Lines{"f:2:6: \"a\" has nothing to do; give it \"run\" or \"tasks\""});
  CHECK(yaml_problems("tasks:\n  a: { description: x }\n") ==
        Lines{"f:2:6: \"a\" has nothing to do; give it \"run\" or \"tasks\""});
  CHECK(yaml_problems("- { description: x }\n") ==
        Lines{"f:1:3: \"task 1\" has nothing to do; give it \"run\" or \"tasks\""});
  CHECK(yaml_problems("tasks:\n  a:\n") ==
        Lines{"f:2:5: \"a\" expects a script or a list of arguments, found nothing"});
  CHECK(yaml_problems("name: x\n") ==
        Lines{"f:1:1: \"tasks\" is missing; write the tasks below it"});
}

TEST_CASE("a file is a map or a list") {
  const std::string expects = "\"the file\" expects a map that has \"tasks\", or a list of tasks, ";
  CHECK(yaml_problems("hello") == Lines{"f:1:1: " + expects + "found \"hello\""});
  CHECK(json_problems("12") == Lines{"f:1:1: " + expects + "found 12"});
}

TEST_CASE("a duplicate key names the line of the first") {
  CHECK(yaml_problems("tasks:\n  a: x\n  b: x\n  a: y\n") ==
        Lines{"f:4:3: duplicate key \"a\"; the first is on line 2"});
  CHECK(yaml_problems("- run: x\n  run: y\n") ==
        Lines{"f:2:3: duplicate key \"run\"; the first is on line 1"});
  CHECK(json_problems("{\"tasks\": {\"a\": \"x\",\n \"a\": \"y\"}}") ==
        Lines{"f:2:2: duplicate key \"a\"; the first is on line 1"});
  CHECK(yaml_problems("tasks: { a: x }\nx-y: { deep: [ { k: 1, k: 2 } ] }\n") ==
        Lines{"f:2:24: duplicate key \"k\"; the first is on line 2"});
  std::string many = "tasks:\n";
  for (int i = 0; i < 20; ++i) many += "  t" + std::to_string(i) + ": x\n";
  CHECK(yaml_problems(many + "  t3: y\n") ==
        Lines{"f:22:3: duplicate key \"t3\"; the first is on line 5"});
}

TEST_CASE("two names of one key are a duplicate too") {
  CHECK(yaml_problems("- run: x\n  cmd: y\n") ==
        Lines{"f:2:3: \"cmd\" means the same as \"run\" on line 1; keep one of them"});
  CHECK(
      yaml_problems("- run: x\n  kill-signal: 9\n  kill_signal: 9\n") ==
      Lines{
          "f:3:3: \"kill_signal\" means the same as \"kill-signal\" on line 2; keep one of them"});
}

TEST_CASE("a duplicate name among siblings names the line of the first") {
  CHECK(yaml_problems("- { name: a, run: x }\n- { name: a, run: y }\n") ==
        Lines{"f:2:11: duplicate name \"a\"; the first is on line 1"});
  CHECK(yaml_problems("- x\n- { name: 1, run: y }\n") ==
        Lines{"f:2:11: duplicate name \"1\"; the first is on line 1"});
  CHECK(yaml_problems("tasks: { a: x, g: { tasks: { a: x } } }").empty());
}

TEST_CASE("names are neither empty nor long, and have no slash") {
  CHECK(yaml_problems("tasks: { '': x }") == Lines{"f:1:10: a task's name cannot be empty"});
  CHECK(yaml_problems("tasks: { a/b: x }") ==
        Lines{"f:1:10: the name \"a/b\" has a \"/\", which joins groups and tasks; leave it out"});
  CHECK(yaml_problems("tasks: { ? " + std::string(255, 'n') + " : x }").empty());
  CHECK(yaml_problems("tasks: { ? " + std::string(256, 'n') + " : x }") ==
        Lines{"f:1:12: a task's name has at most 255 bytes; put the rest into description"});
  CHECK(yaml_problems("- { name: [], run: x }") ==
        Lines{"f:1:11: \"name\" expects text, found an empty list"});
}

TEST_CASE("control characters in names are allowed, and escaped in messages") {
  CHECK(script_of(task_named(yaml_plan("tasks: { \"a\\e[1m\": x }"), "a\x1b[1m")) == "x");
  CHECK(yaml_problems("tasks: { a: { run: x, needs: \"b\\e\\n\\x9b\" } }") ==
        Lines{"f:1:30: unknown task \"b\\e\\n\\u{9b}\"; name a task beside this one, or any by its "
              "full name"});
}

TEST_CASE("a full name has a limit") {
  std::string text = "tasks: ";
  for (int i = 0; i < 6; ++i) text += "{ ? " + std::string(200, 'n') + " : { tasks: ";
  const Lines problems = yaml_problems(text + "{}" + std::string(12, '}'));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ends_with(
      ": the full name is longer than 1024 bytes; shorten the names of its groups"));
}

TEST_CASE("a wrong type says what was expected and what was found") {
  CHECK(yaml_problems("tasks: 5") ==
        Lines{"f:1:8: \"tasks\" expects a map of tasks by name, or a list of tasks, found 5"});
  CHECK(yaml_problems("- { run: { a: b } }") ==
        Lines{"f:1:10: \"run\" expects a script or a list of arguments, found a map"});
  CHECK(yaml_problems("- { run: x, description: [] }") ==
        Lines{"f:1:26: \"description\" expects text, found an empty list"});
  CHECK(yaml_problems("- { run: x, shell: bash }") ==
        Lines{"f:1:20: \"shell\" expects a list such as [sh, -ec], found \"bash\""});
  CHECK(yaml_problems("- { run: x, env: [A=1] }") ==
        Lines{"f:1:18: \"env\" expects a map of variables, found a list"});
  CHECK(yaml_problems("- { run: x, env: { A: [] } }") ==
        Lines{"f:1:23: \"A\" expects text, or null to unset the variable, found an empty list"});
  CHECK(yaml_problems("- { run: x, timeout: [] }") ==
        Lines{"f:1:22: \"timeout\" expects a duration such as 250ms, 10s or 1h30m, found an empty "
              "list"});
  CHECK(yaml_problems("- { run: x, timeout: }") ==
        Lines{"f:1:22: \"timeout\" expects a duration such as 250ms, 10s or 1h30m, found nothing"});
  CHECK(yaml_problems("- { run: [a, [b], null] }") ==
        Lines{"f:1:14: \"run\" expects a list of text, found a list",
              "f:1:19: \"run\" expects a list of text, found nothing"});
  CHECK(yaml_problems("- { run: x, needs: [[a]] }") ==
        Lines{"f:1:21: \"needs\" expects the name of a task, found a list"});
}

TEST_CASE("version is 1") {
  CHECK(yaml_problems("version: 1\ntasks: [x]").empty());
  CHECK(json_problems("{\"version\": 1, \"tasks\": [\"x\"]}").empty());
  CHECK(yaml_problems("version: 2\ntasks: [x]") == Lines{"f:1:10: \"version\" expects 1, found 2"});
  CHECK(yaml_problems("version: '3'\ntasks: [x]") ==
        Lines{"f:1:10: \"version\" expects 1, found \"3\""});
}

TEST_CASE("what is to be run is not empty") {
  CHECK(yaml_problems("- ''") ==
        Lines{"f:1:3: \"task 1\" is empty; write a script or a list of arguments"});
  CHECK(yaml_problems("- { run: ' ' }") ==
        Lines{"f:1:10: \"run\" is empty; write a script or a list of arguments"});
  CHECK(yaml_problems("- { run: [] }") ==
        Lines{"f:1:10: \"run\" names no program; it is the first in the list"});
  CHECK(yaml_problems("- { run: ['', a] }") ==
        Lines{"f:1:10: \"run\" names no program; it is the first in the list"});
  CHECK(yaml_problems("- { run: x, shell: [] }") ==
        Lines{"f:1:20: \"shell\" names no program; it is the first in the list"});
}

TEST_CASE("a timeout is a duration longer than 0") {
  CHECK(yaml_problems("- { run: x, timeout: 0 }") ==
        Lines{"f:1:22: timeout: must be longer than 0; leave it out for no limit"});
  CHECK(yaml_problems("timeout: 0s\ntasks: [x]") ==
        Lines{"f:1:10: timeout: must be longer than 0; leave it out for no limit"});
  CHECK(yaml_problems("- { run: x, timeout: -5s }") ==
        Lines{"f:1:22: timeout: '-5s' is not a duration; write it as 250ms, 10s, 5m or 1h30m"});
  CHECK(yaml_problems("- { run: x, grace: \"1\\e\" }") ==
        Lines{"f:1:20: grace: '1\\e' is not a duration; write it as 250ms, 10s, 5m or 1h30m"});
}

TEST_CASE("jobs, mode and kill_signal say what they take") {
  CHECK(yaml_problems("jobs: many\ntasks: [x]") ==
        Lines{"f:1:7: jobs: \"many\" is not a number of jobs; write 4, 50% or auto, or 0 for no "
              "limit"});
  CHECK(yaml_problems("kill-signal: TREM\ntasks: [x]") ==
        Lines{"f:1:14: kill-signal: unknown signal \"TREM\", did you mean \"TERM\"?"});
  CHECK(yaml_problems("mode: agregate\ntasks: [x]") ==
        Lines{"f:1:7: unknown mode \"agregate\", did you mean \"aggregate\"?"});
  CHECK(yaml_problems("mode: x\ntasks: [x]") ==
        Lines{"f:1:7: unknown mode \"x\"; write errgroup, aggregate or race"});
  CHECK(yaml_plan("mode: race\ntasks: [x]").root().mode == Mode::race);
}

TEST_CASE("dir is a path that the system can take") {
  CHECK(yaml_problems("- { run: x, dir: '' }") ==
        Lines{"f:1:18: the path is empty; write . for this folder"});
  CHECK(yaml_problems("- { run: x, dir: " + std::string(4096, 'd') + " }") ==
        Lines{"f:1:18: the path is longer than 4095 bytes"});
}

TEST_CASE("a variable's name is not empty and has no equals sign") {
  CHECK(yaml_problems("- { run: x, env: { A=B: 1, '': 2 } }") ==
        Lines{"f:1:20: \"A=B\" cannot be the name of a variable",
              "f:1:28: \"\" cannot be the name of a variable"});
}

TEST_CASE("all problems are reported at once, sorted by position") {
  CHECK(
      yaml_problems("mode: x\n"
                    "tasks:\n"
                    "  a: { run: x, needs: nobody, retry: x }\n"
                    "  b: { commad: x }\n"
                    "jobs: -1\n") ==
      Lines{
          "f:1:7: unknown mode \"x\"; write errgroup, aggregate or race",
          "f:3:23: unknown task \"nobody\"; name a task beside this one, or any by its full name",
          "f:3:38: retry: \"x\" is not a whole number from 0 to 1000000",
          "f:4:8: unknown key \"commad\", did you mean \"command\"?",
          "f:5:7: jobs: \"-1\" is not a number of jobs; write 4, 50% or auto, or 0 for no limit"});
}

TEST_CASE("beyond a hundred problems the rest is counted") {
  std::string text;
  for (int i = 0; i < 250; ++i) text += "- { run: x, weight: 0 }\n";
  const Lines problems = yaml_problems(text);
  REQUIRE(problems.size() == kProblemsMax + 1);
  CHECK(problems[99] == "f:100:21: weight: \"0\" is not a whole number from 1 to 1000000");
  CHECK(problems[100] == "f: and 150 more problems");
  const std::string hundred = text.substr(0, text.find('\n') * 100 + 100);
  CHECK(yaml_problems(hundred).size() == kProblemsMax);
}

TEST_CASE("a problem that stands earlier pushes out a later one") {
  std::string text = "tasks:\n  a: { run: x, needs: nobody }\n";
  for (int i = 0; i < 150; ++i) text += "  t" + std::to_string(i) + ": { run: x, weight: 0 }\n";
  const Lines problems = yaml_problems(text);  // needs are looked up last
  REQUIRE(problems.size() == kProblemsMax + 1);
  CHECK(problems.front().starts_with("f:2:23: unknown task"));
  CHECK(problems.back() == "f: and 51 more problems");
}
