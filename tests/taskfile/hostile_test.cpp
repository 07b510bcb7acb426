// SPDX-License-Identifier: Apache-2.0
//
// Any bytes give a plan or problems with a place, in bounded time and memory.
#include <random>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

std::string repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

const Lines kEmpty = {"f:1:1: the file is empty; write the tasks below \"tasks:\""};

}  // namespace

TEST_CASE("a file with nothing in it is refused") {
  for (const char* text : {"", " \n\t\r\n", "\xEF\xBB\xBF"}) {
    CAPTURE(text);
    CHECK(yaml_problems(text) == kEmpty);
    CHECK(json_problems(text) == kEmpty);
  }
  for (const char* text :
       {"# only\n# comments\n", "---\n", "~", "---\n...\n", "%YAML 1.2\n---\n"}) {
    CAPTURE(text);
    CHECK(yaml_problems(text) == kEmpty);
  }
  CHECK(json_problems("null") == kEmpty);
}

TEST_CASE("nesting stops at 64 levels, at once") {
  CHECK(yaml_problems(repeat("[", 100'000)) == Lines{"f:1:65: nested deeper than 64 levels"});
  CHECK(json_problems(repeat("[", 100'000)) == Lines{"f:1:65: nested deeper than 64 levels"});
  CHECK(yaml_problems(repeat("{a: ", 100'000)) == Lines{"f:1:257: nested deeper than 64 levels"});
  CHECK(json_problems(repeat("{\"a\":", 100'000)) ==
        Lines{"f:1:321: nested deeper than 64 levels"});
  CHECK(yaml_problems(repeat("- ", 100'000)) == Lines{"f:1:129: nested deeper than 64 levels"});
  CHECK(yaml_problems(repeat("? ", 100'000)).size() == 1);
}

TEST_CASE("64 levels are read") {
  const auto nested = [](int groups) {
    return repeat("{\"tasks\":{\"g\":", groups) + "\"x\"" + repeat("}}", groups);
  };
  CHECK(json_plan(nested(32)).tasks().size() == 33);
  CHECK(yaml_plan(nested(32)).tasks().size() == 33);
  CHECK(json_problems(nested(33)).size() == 1);
  CHECK(yaml_problems(nested(33)).size() == 1);
}

TEST_CASE("an alias bomb is refused where it goes off") {
  std::string text = "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "x-" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeat(last + ", ", 9) +
            last + "]\n";
  }
  const Lines problems = yaml_problems(text);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].starts_with("f:5:"));
  CHECK(problems[0].ends_with(
      "aliases expand this file to many times its size; write out what they repeat"));
}

TEST_CASE("a huge text repeated by aliases is a bomb too") {
  std::string text = "x-0: &a " + std::string(100'000, 'x') + "\ntasks:\n";
  for (int i = 0; i < 100; ++i) text += "- *a\n";
  const Lines problems = yaml_problems(text);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ends_with(
      "aliases expand this file to many times its size; write out what they repeat"));
}

TEST_CASE("aliases do not add up to a deep tree") {
  std::string text = "x-0: &a0 [x]\n";
  for (int i = 1; i < 200; ++i) {
    text += "x-" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  CHECK(yaml_problems(text + "tasks: [x]\n") == Lines{"f:64:13: nested deeper than 64 levels"});
}

TEST_CASE("large outer environments are not copied without end") {
  std::string text = "env:\n";
  for (int i = 0; i < 20'000; ++i) text += "  V" + std::to_string(i) + ": x\n";
  text += "tasks:\n";
  for (int i = 0; i < 1'000; ++i)
    text += "  t" + std::to_string(i) + ": { run: x, env: { A: 1 } }\n";
  const Lines problems = yaml_problems(text);
  REQUIRE(!problems.empty());
  CHECK(
      problems[0].ends_with("the environments of all tasks together are too large; put less into "
                            "the outer ones"));
}

TEST_CASE("invalid UTF-8 is named with its byte and place") {
  const std::string advice = "; save the file as UTF-8";
  for (const auto problems : {yaml_problems, json_problems}) {
    CHECK(problems("[\"a\",\n \"\xC3\xA4\xFF\"]") ==
          Lines{"f:2:5: invalid UTF-8 (byte 0xFF)" + advice});
    CHECK(problems("\xC0\xAF") == Lines{"f:1:1: invalid UTF-8 (byte 0xC0)" + advice});  // overlong
    CHECK(problems("\xE0\x80\xAF") ==
          Lines{"f:1:1: invalid UTF-8 (byte 0xE0)" + advice});  // overlong
    CHECK(problems("\xED\xA0\x80") ==
          Lines{"f:1:1: invalid UTF-8 (byte 0xED)" + advice});  // surrogate
    CHECK(problems("\xF4\x90\x80\x80") == Lines{"f:1:1: invalid UTF-8 (byte 0xF4)" + advice});
    CHECK(problems("\xE2\x82") == Lines{"f:1:1: invalid UTF-8 (byte 0xE2)" + advice});  // cut
    CHECK(problems("\xFF\xFEt\0") == Lines{"f:1:1: the file is UTF-16; save it as UTF-8"});
  }
}

TEST_CASE("NUL and control characters are refused with their place") {
  using namespace std::string_literals;
  const std::string nul = "NUL byte; a task file is text in UTF-8";
  const std::string control = "; write it as an escape in double quotes";
  for (const auto problems : {yaml_problems, json_problems}) {
    CHECK(problems("[]\n\0"s) == Lines{"f:2:1: " + nul});
    CHECK(problems("[\"a\0\"]"s) == Lines{"f:1:4: " + nul});
    CHECK(problems("[\"\x1b\"]") == Lines{"f:1:3: control character U+001B" + control});
  }
  CHECK(yaml_problems("- \"\x7f\"") == Lines{"f:1:4: control character U+007F" + control});
  CHECK(yaml_problems("- \"\xC2\x9B\"") == Lines{"f:1:4: control character U+009B" + control});
  CHECK(json_problems("[\"\x7f\"]").empty());
}

TEST_CASE("a NUL made by an escape is refused") {
  const std::string nul = "text with a NUL character; no program can be given one";
  CHECK(yaml_problems("- \"a\\0b\"") == Lines{"f:1:3: " + nul});
  CHECK(json_problems("[\"a\\u0000b\"]") == Lines{"f:1:2: " + nul});
}

TEST_CASE("CR LF, CR and a byte order mark are read, and lines counted as editors do") {
  CHECK(script_of(task_named(yaml_plan("\xEF\xBB\xBFtasks:\r\n  a: x\r\n"), "a")) == "x");
  CHECK(script_of(task_named(json_plan("\xEF\xBB\xBF{\r\n\"tasks\":{\"a\":\"x\"}}"), "a")) == "x");
  CHECK(yaml_problems("\xEF\xBB\xBFtasks: { a: x }\r\nfob: 1\r\n")[0].starts_with("f:2:1: "));
  CHECK(yaml_problems("\xEF\xBB\xBF"
                      "fob: 1\ntasks: { a: x }\n")[0]
            .starts_with("f:1:1: "));
  CHECK(yaml_problems("tasks: { a: x }\rfob: 1\r")[0].starts_with("f:2:1: "));
  CHECK(script_of(task_named(yaml_plan("tasks:\r\n  a: |\r\n    one\r\n    two\r\n"), "a")) ==
        "one\ntwo\n");
}

TEST_CASE("columns count bytes, in both formats") {
  CHECK(yaml_problems("- { name: \xC3\xA4\xF0\x9F\x98\x80, rum: x }") ==
        Lines{"f:1:19: unknown key \"rum\", did you mean \"run\"?"});
  CHECK(json_problems("[{\"name\":\"\xC3\xA4\xF0\x9F\x98\x80\",\"rum\":1}]") ==
        Lines{"f:1:19: unknown key \"rum\", did you mean \"run\"?"});
}

TEST_CASE("a quote without its end is reported") {
  CHECK(yaml_problems("tasks:\n  a: \"x\n  b: y\n") ==
        Lines{"f:4:1: found unexpected end of stream, while scanning a quoted scalar (line 2)"});
  CHECK(json_problems("{\"tasks\":\n {\"a\": \"x}}") ==
        Lines{"f:2:8: this text has no closing quote"});
}

TEST_CASE("what YAML refuses is said with what to do") {
  CHECK(yaml_problems("tasks:\n\ta: x\n") == Lines{"f:2:1: a tab cannot indent; use spaces"});
  CHECK(
      yaml_problems("tasks:\n  a: echo: x\n") ==
      Lines{"f:2:10: a key cannot stand here; check the indentation, and quote text that contains "
            "\": \""});
  CHECK(yaml_problems("tasks:\n  a: @x\n") ==
        Lines{"f:2:6: text cannot start with \"@\"; put it in quotes"});
  CHECK(yaml_problems("tasks: [a, b\n") ==
        Lines{"f:2:1: did not find expected ',' or ']', while parsing a flow sequence (line 1)"});
  CHECK(yaml_problems("tasks: [x]\n---\ntasks: [x]\n") ==
        Lines{"f:2:1: a second document starts here; one file holds one plan"});
  CHECK(yaml_problems("- { run: echo ${{ vars.x }} }\n") ==
        Lines{"f:1:15: ${{ }} within { } or [ ] needs quotes around the whole text"});
  CHECK(yaml_problems("? [a]\n: x\n") == Lines{"f:1:3: a key must be text, found a list"});
  CHECK(yaml_problems("tasks: { a: !foo x }\n") ==
        Lines{"f:1:13: tag \"!foo\" is not supported here; remove it"});
  CHECK(yaml_problems("tasks: !!set { }\n") ==
        Lines{"f:1:8: tag \"tag:yaml.org,2002:set\" is not supported here; remove it"});
  CHECK(yaml_problems("- *a\n") == Lines{"f:1:3: unknown alias *a"});
  CHECK(yaml_problems("- &a [x, *a]\n") == Lines{"f:1:10: alias *a stands inside what it repeats"});
}

TEST_CASE("what JSON refuses is said with what to do") {
  CHECK(json_problems("[\"a\",]") == Lines{"f:1:6: JSON has no trailing comma; remove it"});
  CHECK(json_problems("{\"tasks\": [\"x\"],\n}") ==
        Lines{"f:2:1: JSON has no trailing comma; remove it"});
  CHECK(json_problems("// x\n[]") ==
        Lines{"f:1:1: JSON has no comments; remove this one, or write YAML"});
  CHECK(json_problems("[]\n[]") ==
        Lines{"f:2:1: something follows the end of the JSON value; remove it"});
  CHECK(json_problems("[\"\\ud83d\"]").size() == 1);
  CHECK(json_problems("[\"\\ude00\"]").size() == 1);
  CHECK(json_problems("[\"a\" \"b\"]") ==
        Lines{"f:1:6: while parsing array - unexpected string literal; expected ']'"});
  CHECK(json_problems("[1e999]") == Lines{"f:1:2: this number is too large"});
  CHECK(json_problems("[tru]").size() == 1);
  CHECK(json_problems("{\"a\"").size() == 1);
  CHECK(json_problems("{a: 1}").size() == 1);
  CHECK(json_problems("[\"a\tb\"]").size() == 1);
}

TEST_CASE("a message never repeats more than a piece of its input") {
  const std::string huge(1'000'000, 'x');
  for (const std::string& text :
       {"- { run: y, " + huge + ": 1 }", "- { run: y, ? " + huge + " : 1 }",
        "- { run: y, timeout: " + huge + " }", "- { run: y, needs: " + huge + " }",
        "mode: " + huge + "\ntasks: [x]", "- !" + huge + " x", "- *" + huge}) {
    const Lines problems = yaml_problems(text);
    REQUIRE(!problems.empty());
    CHECK(problems[0].size() < 300);
  }
  CHECK(json_problems("[\"" + huge)[0].size() < 300);
  CHECK(json_problems("[" + huge + "]")[0].size() < 300);
  CHECK(json_problems("[\"a\" \"" + huge + "\"]")[0].size() < 300);
}

TEST_CASE("many %TAG lines are refused, for each would be compared with all others") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "%TAG !a" + std::to_string(i) + "! x\n";
  CHECK(yaml_problems(text + "--- { tasks: { a: x } }\n").empty());
  CHECK(yaml_problems(text + "%TAG !b! x\n--- { tasks: { a: x } }\n") ==
        Lines{"f:101:1: more than 100 %TAG lines; a task file needs none"});
  CHECK(yaml_problems("- |\n" + repeat("  x %TAG\n", 200)).empty());
}

TEST_CASE("tasks do not repeat a long dir or long names of groups without end") {
  std::string tasks;
  for (int i = 0; i < 100'000; ++i) tasks += "\"" + std::to_string(i) + "\":1,";
  tasks += "\"last\":1";
  const std::string advice =
      "the dir and the groups' names that each task repeats are too much; shorten them";
  const Lines dir =
      json_problems("{\"dir\":\"" + std::string(4000, 'd') + "\",\"tasks\":{" + tasks + "}}");
  REQUIRE(dir.size() == 1);
  CHECK(dir[0].ends_with(advice));
  CHECK(json_problems("{\"dir\":\"short\",\"tasks\":{" + tasks + "}}").empty());
}

TEST_CASE("a file has at most a million tasks") {
  CHECK(
      json_problems("[1" + repeat(",1", 1'000'001) + "]") ==
      Lines{"f:1:2000002: more than 1000000 tasks; write them as JSON Lines, which are read while "
            "they run"});
}

TEST_CASE("a message shows the names of limits and locks without their control characters") {
  const std::string what = ": \"x\" is not a whole number from 1 to 1000000";
  CHECK(yaml_problems("limits: { \"a\\e[31m\": x }\ntasks: [x]\n") ==
        Lines{"f:1:22: a\\e[31m" + what});
  const std::string long_name(1'000'000, 'n');
  const Lines problems = yaml_problems("limits: { ? " + long_name + " : x }\ntasks: [x]\n");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].size() < 300);
}

TEST_CASE("a huge scalar is read") {
  const std::string huge(10'000'000, 'x');
  CHECK(script_of(task_named(yaml_plan("- " + huge), "1")) == huge);
  CHECK(script_of(task_named(json_plan("[\"" + huge + "\\n\"]"), "1")) == huge + "\n");
}

TEST_CASE("every cut of a plan gives a plan or problems") {
  const std::string yaml =
      "x-a: &b {env: {A: \"\\u00e4\"}}\ntasks:\n  a: {<<: *b, run: [x, 'y']}\n  b: |\n    "
      "\xC3\xA4\n";
  for (std::size_t size = 0; size < yaml.size(); ++size) yaml_problems(yaml.substr(0, size));
  const std::string json =
      R"({"tasks": {"a": {"run": ["x", 1.5e3, true, null], "env": {"A": "\u00e4\ud83d\ude00"}}}})";
  for (std::size_t size = 0; size < json.size(); ++size) {
    CHECK(!json_problems(json.substr(0, size)).empty());
  }
}

TEST_CASE("random bytes give problems") {
  std::mt19937 random(42);
  const std::string_view alphabet = "{}[]:,\"'-? \n\t#&*!|>%@`<~ax1\\\xC3\xA4";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t size = random() % 40; size > 0; --size)
      text += alphabet[random() % alphabet.size()];
    yaml_problems(text);
    json_problems(text);
    read_task_line(text, 1, {});
    looks_like_json_lines(text);
  }
}
