// SPDX-License-Identifier: Apache-2.0
//
// What each key means. What is wrong with keys: keys_test.cpp.
#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;
using namespace std::chrono_literals;

TEST_CASE("a task is text, a list or a map: script, argv or both spelled out") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  a: make all\n"
      "  b: [make, -j, 4, true]\n"
      "  c: { run: make }\n"
      "  d: { run: [make] }\n"
      "  e: true\n");
  CHECK(script_of(task_named(plan, "a")) == "make all");
  CHECK(argv_of(task_named(plan, "b")) == Argv{"make", "-j", "4", "true"});
  CHECK(script_of(task_named(plan, "c")) == "make");
  CHECK(argv_of(task_named(plan, "d")) == Argv{"make"});
  CHECK(script_of(task_named(plan, "e")) == "true");
}

TEST_CASE("cmd and command are run, cwd is dir, deps and depends_on are needs") {
  const Plan plan = yaml_plan(
      "- { name: a, cmd: x, cwd: /p }\n"
      "- { name: b, command: y, deps: a }\n"
      "- { name: c, run: z, depends_on: [b] }\n"
      "- { name: d, run: z, depends-on: [c] }\n");
  CHECK(script_of(task_named(plan, "a")) == "x");
  CHECK(task_named(plan, "a").dir == "/p");
  CHECK(script_of(task_named(plan, "b")) == "y");
  CHECK(task_named(plan, "b").needs == needs({1}));
  CHECK(task_named(plan, "c").needs == needs({2}));
  CHECK(task_named(plan, "d").needs == needs({3}));
}

TEST_CASE("the run is the first task and has the file's settings") {
  const Plan plan = yaml_plan(
      "version: 1\nname: ci\ndescription: all of it\nmode: aggregate\njobs: 50%\n"
      "timeout: 20m\ngrace: 7\nkill_signal: INT\nshell: [bash, -c]\ndir: sub\nenv: {A: 1}\n"
      "tasks: [x]\n");
  const Task& run = plan.root();
  CHECK(run.id == 0);
  CHECK(run.parent == 0);
  CHECK(run.is_group);
  CHECK(run.name == "ci");
  CHECK(run.full_name.empty());
  CHECK(run.description == "all of it");
  CHECK(run.mode == Mode::aggregate);
  CHECK(run.jobs->value == 50);
  CHECK(run.timeout == Duration(20min));
  CHECK(run.grace == 7s);
  CHECK(run.kill_signal == 2);
  CHECK(*run.shell == std::vector<std::string>{"bash", "-c"});
  CHECK(run.dir == "sub");
  CHECK(*run.env == std::vector<EnvEntry>{{"A", "1"}});
  CHECK(plan.tasks().size() == 2);
}

TEST_CASE("what a file leaves open comes from the options") {
  ReadOptions options;
  options.name = "ci";
  options.dir = "over/there";
  options.shell = {"zsh", "-c"};
  options.grace = 9s;
  const Plan plan = yaml_plan("tasks: {a: x}", options);
  CHECK(plan.root().name == "ci");
  const Task task = task_named(plan, "a");
  CHECK(task.dir == "over/there");
  CHECK(*task.shell == std::vector<std::string>{"zsh", "-c"});
  CHECK(task.grace == 9s);
  CHECK(task.kill_signal == 15);
  CHECK(task.env->empty());
  CHECK(!task.timeout);
}

TEST_CASE("tasks nest, and stand in file order with parents first") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  z: x\n"
      "  lint:\n"
      "    mode: aggregate\n"
      "    jobs: 2\n"
      "    tasks:\n"
      "      b: x\n"
      "      deep: { tasks: { c: x } }\n"
      "  a: x\n");
  std::vector<std::string> names;
  for (const Task& task : plan.tasks()) names.push_back(task.full_name);
  CHECK(names ==
        std::vector<std::string>{"", "z", "lint", "lint/b", "lint/deep", "lint/deep/c", "a"});
  CHECK(plan.root().children == std::vector<TaskId>{1, 2, 6});
  const Task lint = task_named(plan, "lint");
  CHECK(lint.is_group);
  CHECK(lint.children == std::vector<TaskId>{3, 4});
  CHECK(lint.mode == Mode::aggregate);
  CHECK(lint.jobs->value == 2);
  CHECK(std::holds_alternative<std::monostate>(lint.run));
  CHECK(task_named(plan, "lint/b").parent == lint.id);
  CHECK(task_named(plan, "lint/b").name == "b");
  CHECK(!task_named(plan, "lint/b").is_group);
  CHECK(task_named(plan, "lint/deep").mode == Mode::errgroup);
  CHECK(!task_named(plan, "lint/deep").jobs);
}

TEST_CASE("shell, dir, grace and kill_signal come from the group around, timeout does not") {
  const Plan plan = yaml_plan(
      "grace: 1s\n"
      "timeout: 1h\n"
      "tasks:\n"
      "  g:\n"
      "    shell: [bash, -c]\n"
      "    dir: sub\n"
      "    kill-signal: HUP\n"
      "    timeout: 1m\n"
      "    tasks:\n"
      "      a: x\n"
      "      b: { run: x, shell: [sh], dir: other, grace: 0, kill_signal: 9, timeout: 1.5s }\n");
  const Task a = task_named(plan, "g/a");
  CHECK(*a.shell == std::vector<std::string>{"bash", "-c"});
  CHECK(a.dir == "sub");
  CHECK(a.grace == 1s);
  CHECK(a.kill_signal == 1);
  CHECK(!a.timeout);
  CHECK(task_named(plan, "g").timeout == Duration(1min));
  const Task b = task_named(plan, "g/b");
  CHECK(*b.shell == std::vector<std::string>{"sh"});
  CHECK(b.dir == "other");  // from the file's folder, not from the group's
  CHECK(b.grace == 0s);
  CHECK(b.kill_signal == 9);
  CHECK(b.timeout == Duration(1500ms));
}

TEST_CASE("dir starts from the file's folder unless it is absolute") {
  ReadOptions options;
  options.dir = "ci";
  const Plan plan = yaml_plan(
      "- { run: x, dir: sub/x }\n- { run: x, dir: /abs }\n- { run: x, dir: . }\n- x\n", options);
  CHECK(task_named(plan, "1").dir == "ci/sub/x");
  CHECK(task_named(plan, "2").dir == "/abs");
  CHECK(task_named(plan, "3").dir == "ci");
  CHECK(task_named(plan, "4").dir == "ci");
  CHECK(task_named(yaml_plan("- { run: x, dir: . }"), "1").dir.empty());
}

TEST_CASE("outer variables stand before inner ones, null unsets, scalars are text as written") {
  const Plan plan = yaml_plan(
      "env: { A: 1, B: yes, C: 0x1F }\n"
      "tasks:\n"
      "  g:\n"
      "    env: { A: 1.50, D: True }\n"
      "    tasks:\n"
      "      a: { run: x, env: { B: null, C: ~, E: '', F: } }\n");
  CHECK(*task_named(plan, "g/a").env == std::vector<EnvEntry>{{"A", "1"},
                                                              {"B", "yes"},
                                                              {"C", "0x1F"},
                                                              {"A", "1.50"},
                                                              {"D", "True"},
                                                              {"B", std::nullopt},
                                                              {"C", std::nullopt},
                                                              {"E", ""},
                                                              {"F", std::nullopt}});
}

TEST_CASE("tasks without settings of their own share those of their group") {
  const Plan plan = yaml_plan("env: {A: 1}\ntasks: { a: x, g: { tasks: { b: x } } }");
  CHECK(task_named(plan, "a").env == plan.root().env);
  CHECK(task_named(plan, "g/b").env == plan.root().env);
  CHECK(task_named(plan, "g/b").shell == plan.root().shell);
}

TEST_CASE("a bare list is a whole file; a task there is called by its number until it has a name") {
  const Plan plan =
      yaml_plan("- echo one\n- [echo, two]\n- { run: three }\n- { name: x, run: four }\n");
  CHECK(script_of(task_named(plan, "1")) == "echo one");
  CHECK(argv_of(task_named(plan, "2")) == Argv{"echo", "two"});
  CHECK(script_of(task_named(plan, "3")) == "three");
  CHECK(script_of(task_named(plan, "x")) == "four");
  CHECK(plan.root().children.size() == 4);
}

TEST_CASE("a name inside a named task takes the place of the key") {
  const Plan plan = yaml_plan("tasks:\n  a: { name: b, run: x }\n  c: { run: y, needs: b }\n");
  CHECK(task_named(plan, "b").name == "b");
  CHECK(task_named(plan, "c").needs == needs({1}));
}

TEST_CASE("[F1.8] no tasks at all is a problem, wherever they are missing") {
  const Lines none = {"f:1:1: no tasks; write at least one below \"tasks\""};
  for (const char* text : {"tasks: []", "tasks: {}", "tasks:", "[]", "{tasks: []}"}) {
    INFO(text);
    CHECK(yaml_problems(text) == none);
  }
  CHECK(json_problems("[]") == none);
  CHECK(yaml_problems("tasks: { a: x, g: { tasks: [] }, h: { tasks: { i: { tasks: } } } }") ==
        Lines{"f:1:16: no tasks in \"g\"; write at least one, or remove the group",
              "f:1:48: no tasks in \"h/i\"; write at least one, or remove the group"});
  CHECK(yaml_problems("task: { a: x }\ntasks: {}").size() == 1);  // the misspelling is the cause
}

TEST_CASE("keys that begin with x- are ignored at every level") {
  const Plan plan = yaml_plan(
      "x-a: {b: c}\ntasks:\n  a: { run: x, x-note: [1] }\n  g: { x-y: 1, tasks: { a: x } }\n");
  CHECK(plan.tasks().size() == 4);
}

TEST_CASE("a task's position is that of its key, or of its place in the list") {
  const Plan map = yaml_plan("tasks:\n  a: x\n  g:\n    tasks: { b: x }\n");
  CHECK(task_named(map, "a").position.line == 2);
  CHECK(task_named(map, "a").position.column == 3);
  CHECK(task_named(map, "g/b").position.line == 4);
  CHECK(task_named(map, "g/b").position.column == 14);
  const Plan list = json_plan("[ \"x\",\n  {\"run\": \"y\"} ]");
  CHECK(task_named(list, "1").position.column == 3);
  CHECK(task_named(list, "2").position.line == 2);
  CHECK(task_named(list, "2").position.column == 3);
}

TEST_CASE("needs are a name, a list or a map, sorted and without repeats") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  a: x\n"
      "  b: x\n"
      "  one: { run: x, needs: a }\n"
      "  two: { run: x, needs: [b, a, b] }\n"
      "  map: { run: x, needs: { b: { condition: success }, a: , one: {} } }\n"
      "  none: { run: x, needs: }\n");
  CHECK(task_named(plan, "one").needs == needs({1}));
  CHECK(task_named(plan, "two").needs == needs({1, 2}));
  CHECK(task_named(plan, "map").needs == needs({1, 2, 3}));
  CHECK(task_named(plan, "none").needs.empty());
}

TEST_CASE("a need is a task beside this one, else any task by its full name") {
  const Plan plan = yaml_plan(
      "tasks:\n"
      "  build: x\n"
      "  g:\n"
      "    needs: build\n"
      "    tasks:\n"
      "      build: x\n"
      "      test: { run: x, needs: build }\n"
      "      all: { run: x, needs: [h/deep, h] }\n"
      "      h: { tasks: { deep: x } }\n"
      "  last: { run: x, needs: [g/build, build, g/h/deep] }\n");
  CHECK(task_named(plan, "g").needs == needs({1}));
  CHECK(task_named(plan, "g/test").needs == needs({3}));
  CHECK(task_named(plan, "g/all").needs == needs({6, 7}));
  CHECK(task_named(plan, "last").needs == needs({1, 3, 7}));
}
