// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/read.h"

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

TEST_CASE("the same plan as YAML and as JSON is the same plan") {
  const Plan yaml = yaml_plan(R"(
version: 1
name: ci   # a comment
mode: aggregate
jobs: 3
timeout: 20m
grace: 1.5
env: { LANG: C.UTF-8, N: 5, ON: true, GONE: null }
tasks:
  lint:
    mode: errgroup
    jobs: auto
    timeout: 1m
    tasks:
      format: "clang-format \u00e4 \U0001F600"
      tidy: { run: [clang-tidy, 1.50, -1, src/main.cpp], needs: format }
  build:
    needs: [lint]
    description: >-
      two
      words
    run: |
      cmake --build build
      ctest
    env: { LANG: C }
    shell: [bash, -c]
    dir: /tmp
    kill-signal: INT
  all: { command: 'true', depends_on: { lint/tidy: { condition: success }, build: null } }
)");
  const Plan json = json_plan(R"({
  "version": 1, "name": "ci", "mode": "aggregate", "jobs": 3, "timeout": "20m", "grace": 1.5,
  "env": {"LANG": "C.UTF-8", "N": 5, "ON": true, "GONE": null},
  "tasks": {
    "lint": {"mode": "errgroup", "jobs": "auto", "timeout": "1m", "tasks": {
      "format": "clang-format \u00e4 \ud83d\ude00",
      "tidy": {"run": ["clang-tidy", 1.50, -1, "src/main.cpp"], "needs": "format"}}},
    "build": {"needs": ["lint"], "description": "two words",
      "run": "cmake --build build\nctest\n", "env": {"LANG": "C"}, "shell": ["bash", "-c"],
      "dir": "/tmp", "kill-signal": "INT"},
    "all": {"command": "true", "depends_on": {"lint/tidy": {"condition": "success"}, "build": null}}
  }})");
  CHECK(yaml.tasks().size() == 6);
  CHECK(dump(yaml) == dump(json));
}

TEST_CASE("JSON read as YAML is the same plan") {
  const std::string text =
      R"({"tasks": [{"name": "a", "run": ["x", "y"]}, {"run": "z", "needs": ["a"]}, "q"]})";
  CHECK(dump(yaml_plan(text)) == dump(json_plan(text)));
}

TEST_CASE("the format follows the name, else the first character") {
  CHECK(detect_format("a.json", "x: 1") == Format::json);
  CHECK(detect_format("a.JSON", "") == Format::json);
  CHECK(detect_format("a.yaml", "{}") == Format::yaml);
  CHECK(detect_format("dir/a.yml", "{}") == Format::yaml);
  CHECK(detect_format("-", " \r\n\t{}") == Format::either);
  CHECK(detect_format("", "\xEF\xBB\xBF[1]") == Format::either);
  CHECK(detect_format("x", "tasks:") == Format::yaml);
  CHECK(detect_format("x", "\"tasks\": {}") == Format::yaml);
  CHECK(detect_format("json", "") == Format::yaml);
}

TEST_CASE("what begins as JSON may be YAML, and is told of as JSON when it is neither") {
  const std::string yaml = "[exit 3, {name: b, run: x}]";
  CHECK(dump(must_read(yaml, Format::either, {})) == dump(yaml_plan(yaml)));
  const std::string json = R"({"tasks": {"a": "x\/y"}})";
  CHECK(dump(must_read(json, Format::either, {})) == dump(json_plan(json)));
  CHECK(problems_in("[exit 3, {nme: b, run: x}]", Format::either) ==
        problems_in("[exit 3, {nme: b, run: x}]", Format::yaml));
  CHECK(problems_in("[exit 3, 'b]", Format::either) == problems_in("[exit 3, 'b]", Format::json));
}

TEST_CASE("a whole JSON value on the first line and more behind it are JSON Lines") {
  CHECK(looks_like_json_lines("{\"run\": \"a\"}\n{\"run\": \"b\"}\n"));
  CHECK(looks_like_json_lines("\"a\"\n\"b\"\n"));
  CHECK(looks_like_json_lines("[\"a\"]\n[\"b\"]\n"));
  CHECK(looks_like_json_lines("\xEF\xBB\xBF\n\n {\"run\": \"a\"} \r\n{\"run\": \"b"));
  CHECK(looks_like_json_lines("{\"tasks\": {}}\n{"));
}

TEST_CASE("a line that stands alone is JSON Lines if it is a task") {
  CHECK(looks_like_json_lines("{\"run\": \"a\"}"));
  CHECK(looks_like_json_lines("{\"name\": \"n\", \"cmd\": \"a\"}\n"));
  CHECK(looks_like_json_lines("\"echo\"\n\n"));
  CHECK(!looks_like_json_lines("{\"tasks\": {}}\n"));
  CHECK(!looks_like_json_lines("{\"run\": \"a\", \"tasks\": {}}\n"));
  CHECK(!looks_like_json_lines("[\"a\", \"b\"]\n"));
  CHECK(!looks_like_json_lines("{}"));
}

TEST_CASE("a plan is not taken for JSON Lines") {
  CHECK(!looks_like_json_lines(""));
  CHECK(!looks_like_json_lines("{\n  \"tasks\": {}\n}\n"));
  CHECK(!looks_like_json_lines("[\n\"a\"]"));
  CHECK(!looks_like_json_lines("tasks:\n  a: x\n"));
  CHECK(!looks_like_json_lines("\"tasks\": {}\n"));
  CHECK(!looks_like_json_lines("12\n13\n"));
  CHECK(!looks_like_json_lines("{\"run\": \"unfinished"));
  CHECK(!looks_like_json_lines("{\"run\": \"a\xFF\"}\n{}"));
}

TEST_CASE("a line of JSON Lines is a task object, a script or an argv") {
  ReadOptions options;
  options.dir = "d";
  TaskLineReader reader(options);
  const auto object = reader.read(
      R"({"name": "a", "run": "make", "timeout": 3, "env": {"A": 1}, "dir": "s", "x-y": 0})", 7);
  REQUIRE(object);
  CHECK(object->name == "a");
  CHECK(object->full_name == "a");
  CHECK(script_of(*object) == "make");
  CHECK(object->timeout == Duration(std::chrono::seconds(3)));
  CHECK(*object->env == std::vector<EnvEntry>{{"A", "1"}});
  CHECK(object->dir == "d/s");
  CHECK(object->position.line == 7);
  CHECK(object->position.column == 1);
  CHECK(!object->is_group);
  const auto script = reader.read("\"echo \\u00e4\"", 8);
  REQUIRE(script);
  CHECK(script->name.empty());
  CHECK(script_of(*script) == "echo \xC3\xA4");
  CHECK(script->dir == "d");
  const auto argv = reader.read(" [\"echo\", 5]\r", 9);
  REQUIRE(argv);
  CHECK(argv_of(*argv) == Argv{"echo", "5"});
  CHECK(argv->position.column == 2);
  CHECK(argv->shell == script->shell);
  CHECK(script_of(*script) == "echo \xC3\xA4");  // earlier tasks do not point into the reader
}

TEST_CASE("problems of a line have the line's number") {
  const auto problems = [](std::string_view text) {
    const auto task = read_task_line(text, 12, {});
    return task ? Lines{} : format_all(task.error());
  };
  CHECK(problems("{\"run\": \"x\", \"commad\": 1}") ==
        Lines{"f:12:14: unknown key \"commad\", did you mean \"command\"?"});
  CHECK(problems("{\"run\": \"x\"") ==
        Lines{"f:12:12: while parsing object - unexpected end of input; expected '}'"});
  CHECK(problems("{\"run\": \"x\"} {}") ==
        Lines{"f:12:14: something follows the end of the JSON value; remove it"});
  CHECK(problems("5") == Lines{});
  CHECK(problems("null") ==
        Lines{"f:12:1: \"the task\" expects a script or a list of arguments, found nothing"});
  CHECK(problems("{}") ==
        Lines{"f:12:1: \"the task\" has nothing to do; give it \"run\" or \"tasks\""});
  CHECK(problems("") == Lines{"f:12:1: while parsing value - unexpected end of input; expected "
                              "'[', '{', or a literal"});
  CHECK(problems("\"\xFF\"") == Lines{"f:12:2: invalid UTF-8 (byte 0xFF); save the file as UTF-8"});
}

TEST_CASE("a line has every key that makes sense for one task") {
  ReadOptions options;
  options.vars = {{"v", "given"}};
  options.read_file = [](const std::string&) -> Result<std::string> { return "F=1\n"; };
  const auto task = read_task_line(
      R"({"cmds": ["a ${{ vars.v }} ${{ env.F }}", ["b"]], "retry": 2, "hedge": {"delay": 1},
          "key": "k", "locks": ["db", "cache"], "env_file": "e", "secrets": ["F"], "nice": 3,
          "if": "env.F == 2", "stdin": "inherit", "allow_failure": true})",
      1, options);
  REQUIRE(task);
  CHECK(script_of(*task) == "a given 1");
  CHECK(task->policy->then.size() == 1);
  CHECK(task->policy->retry.count == 2);
  CHECK(task->policy->hedge);
  CHECK(task->policy->dedupe_key == "k");
  CHECK(task->policy->locks.empty());
  CHECK(task->policy->lock_names == std::vector<std::string>{"cache", "db"});
  CHECK(*task->env == std::vector<EnvEntry>{{"F", "1"}});
  CHECK(task->masker->mask("0 1 2") == "0 *** 2");
  CHECK(task->policy->nice == 3);
  CHECK(task->excluded == "if: env.F == 2");
  CHECK(task->slow_after == Duration(std::chrono::seconds(60)));
}

TEST_CASE("each lock of a line is there once") {
  const auto problems = [](std::string_view text) {
    const auto task = read_task_line(text, 1, {});
    return task ? Lines{} : format_all(task.error());
  };
  CHECK(problems(R"({"run": "x", "locks": {"db": 1}})").empty());
  CHECK(problems(R"({"run": "x", "locks": {"db": 2}})") ==
        Lines{"f:1:24: \"db\" takes more than there is: each lock of a stream is there once"});
  CHECK(problems(R"({"run": "x", "locks": ["db", "db"]})") ==
        Lines{"f:1:30: \"db\" stands here twice; write it once, with a count"});
}

TEST_CASE("a line cannot need other tasks") {
  const auto task = read_task_line("{\"run\": \"x\", \"needs\": \"a\"}", 1, {});
  REQUIRE(!task);
  const std::string tail =
      " needs other tasks, and each line of JSON Lines stands alone; write a plan with \"tasks\" "
      "instead";
  CHECK(format_all(task.error()) == Lines{"f:1:14: \"needs\"" + tail});
  const auto group = read_task_line("{\"tasks\": [\"a\"]}", 1, {});
  REQUIRE(!group);
  CHECK(format_all(group.error()) == Lines{"f:1:2: \"tasks\"" + tail});
  for (const std::string key :
       {"\"matrix\": {\"a\": [1]}", "\"when\": \"always\"", "\"service\": true",
        "\"service\": true, \"ready\": {\"log\": \"x\"}"}) {
    CAPTURE(key);
    const auto refused = read_task_line("{\"run\": \"x\", " + key + "}", 1, {});
    REQUIRE(!refused);
    CHECK(format_all(refused.error()).front().ends_with(tail));
  }
  const auto misplaced = read_task_line("{\"run\": \"x\", \"limits\": {\"a\": 1}}", 1, {});
  REQUIRE(!misplaced);
  CHECK(format_all(misplaced.error()) ==
        Lines{"f:1:14: \"limits\" belongs to the top of the file; write it there"});
}
