// SPDX-License-Identifier: Apache-2.0
//
// Which file is read, and what is said of one that cannot be read.
#include "cmd/input/input.h"

#include <sys/stat.h>

#include <filesystem>

#include "cmd/session/environment.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

namespace fs = std::filesystem;

// The folder in which the task runs, which must be there.
std::string folder_of(const Task& task) {
  return fs::canonical(task.dir.empty() ? "." : task.dir).string();
}

// ---- which file

TEST_CASE(
    "without FILE errand.yaml, errand.yml or errand.json is found here or in a parent folder") {
  for (const char* name : {"errand.yaml", "errand.yml", "errand.json"}) {
    CAPTURE(name);
    CmdTest test;
    test.write(name, R"({"tasks": {"a": "echo ran"}})");
    test.write("deep/er/file", "");
    test.enter("deep/er");
    const cmd::FilePlan file = test.file_of({"run"});
    CHECK(file.file == std::string("../../") + name);
    CHECK(commands_of(file.plan) == Words{"echo ran"});
    CHECK(folder_of(task_of(file.plan, "a")) == test.path());  // tasks run in the file's folder
  }
}

TEST_CASE("the nearest file is taken, and of one folder errand.yaml") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { a: echo outer }");
  test.write("in/errand.json", R"({"tasks": {"a": "echo json"}})");
  test.enter("in");
  CHECK(commands_of(test.plan_of({"run"})) == Words{"echo json"});
  test.write("in/errand.yaml", "tasks: { a: echo yaml }");
  CHECK(commands_of(test.plan_of({"run"})) == Words{"echo yaml"});
}

TEST_CASE("a folder called errand.yaml is no file") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { a: echo outer }");
  test.write("in/errand.yaml/file", "");
  test.enter("in");
  CHECK(test.file_of({"run"}).file == "../errand.yaml");
}

TEST_CASE("where there is no file errand says what it looked for") {
  CmdTest test;
  const Words problems = test.problems_of({"run"});
  REQUIRE(problems.size() == 1);
  CHECK(contains(problems[0],
                 "no errand.yaml, errand.yml or errand.json here or in a parent folder"));
  CHECK(contains(test.problems_of({"run", "build"})[0], "'build' is not a file"));
}

TEST_CASE("a task may be called as a folder or a program beside the file") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { build: echo the task, test: echo another }");
  test.write("build/output", "");
  test.write("test", "tasks: { in: echo in the file }");
  CHECK(commands_of(test.plan_of({"run", "build"})) == Words{"echo the task"});
  CHECK(commands_of(test.plan_of({"run", "test"})) == Words{"echo another"});
  CHECK(commands_of(test.plan_of({"run", "./test"})) == Words{"echo in the file"});
  CHECK(names_of(test.plan_of({"list", "--names", "test"})) == Words{"test"});
}

TEST_CASE("a file without the ending of one is run where no errand.yaml is, else errand says how") {
  CmdTest test;
  test.write("plan", "tasks: { in: echo in the file }");
  CHECK(commands_of(test.plan_of({"run", "plan", "in"})) == Words{"echo in the file"});
  test.write("errand.yaml", "tasks: { a: echo a }");
  const Words problems = test.problems_of({"run", "plan", "in"});
  CHECK(contains(problems.front(), "there is no task \"plan\""));
  CHECK(contains(problems.back(), "to run the file of that name, write './plan'"));
}

TEST_CASE("where no file has the first word's name, errand says how a task of that name is run") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { a.yaml: echo ran }");
  CHECK(test.problems_of({"run", "a.yaml"}) ==
        Words{"errand: a.yaml: No such file or directory; to run the task of that name, write "
              "errand run errand.yaml a.yaml"});
  CHECK(commands_of(test.plan_of({"run", "errand.yaml", "a.yaml"})) == Words{"echo ran"});
  fs::remove(test / "errand.yaml");
  CHECK(test.problems_of({"run", "a.yaml"}) == Words{"errand: a.yaml: No such file or directory"});
}

TEST_CASE("a folder in the place of a file is refused") {
  CmdTest test;
  test.write("in.yaml/file", "");
  CHECK(test.problems_of({"run", "in.yaml"}) == Words{"errand: in.yaml: Is a directory"});
}

TEST_CASE("a task that is called like an option is named behind --") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { '-k': echo dash, '--help': echo help, b: echo b }");
  CHECK(names_of(test.plan_of({"run", "--", "-k"})) == Words{"-k"});
  CHECK(names_of(test.plan_of({"run", "-q", "errand.yaml", "--", "-k"})) == Words{"-k"});
  CHECK(names_of(test.plan_of({"run", "-j1", "b", "--", "--help"})) == Words{"--help", "b"});
  CHECK(names_of(test.plan_of({"list", "--names", "errand.yaml", "--", "-k"})) == Words{"-k"});
}

TEST_CASE("-C starts in another folder") {
  CmdTest test;
  test.write("in/errand.yaml", "tasks: { a: pwd }");
  test.write("in/other.yaml", "tasks: { b: pwd }");
  CHECK(test.file_of({"run", "-C", "in"}).file == "errand.yaml");
  CHECK(cmd::current_folder() == test / "in");
  test.enter("");
  CHECK(names_of(test.plan_of({"run", "-C", "in", "other.yaml"})) == Words{"b"});
  CHECK(cmd::current_folder() == test / "in");
  test.enter("");
  CHECK(contains(test.problems_of({"run", "-C", "nowhere"})[0], "nowhere"));
  CHECK(cmd::current_folder() == test.path());
}

// ---- standard input

TEST_CASE("standard input may be YAML, JSON or JSON Lines, asked for or piped") {
  CmdTest test;
  for (const std::string text :
       {"tasks:\n  a: echo ran\n", "{\"tasks\": {\n\"a\": \"echo ran\"}}\n", "[\n\"echo ran\"\n]\n",
        "- echo ran\n", "{\"run\": \"echo ran\"}\n", "\"echo ran\"\n",
        "[\"echo\", \"ran\"]\n\"\"\n", "{\"run\": [\"echo\", \"ran\"]}"}) {
    for (const Words& words : std::vector<Words>{{"run", "-"}, {"run"}}) {
      CAPTURE(text, words);
      const std::expected<cmd::Input, cmd::InputError> input = test.read_piped(words, text);
      REQUIRE(input);
      CHECK(commands_of(*input).front() == "echo ran");
    }
  }
}

TEST_CASE("standard input may be YAML that begins as JSON does") {
  CmdTest test;
  const auto commands = [&test](std::string_view text) {
    const std::expected<cmd::Input, cmd::InputError> input = test.read_piped({"run", "-"}, text);
    REQUIRE(input);
    CHECK(std::holds_alternative<cmd::FilePlan>(*input));
    return commands_of(*input);
  };
  CHECK(commands("{tasks: {a: echo a, b: echo b}}") == Words{"echo a", "echo b"});
  CHECK(commands("[echo a,\n echo b]\n") == Words{"echo a", "echo b"});
  CHECK(commands("[exit 3]") == Words{"exit 3"});
}

TEST_CASE("a list is a plan if it is alone, and the first of a stream if another line follows") {
  CmdTest test;
  const auto alone = test.read_piped({"run", "-"}, "[\"echo a\", \"echo b\"]\n\n \n");
  REQUIRE(alone);
  CHECK(std::holds_alternative<cmd::FilePlan>(*alone));
  CHECK(commands_of(*alone) == Words{"echo a", "echo b"});
  const auto first = test.read_piped({"run", "-"}, "\n[\"echo\", \"a\"]\n\n[\"echo\", \"b\"]\n");
  REQUIRE(first);
  CHECK(std::holds_alternative<cmd::TaskStream>(*first));
  CHECK(commands_of(*first) == Words{"echo a", "echo b"});
}

TEST_CASE("a file in the folder goes before piped input") {
  CmdTest test;
  test.write("errand.yaml", "tasks: { a: echo file }");
  const StandardError err;
  const auto file = test.read_piped({"run"}, "- echo piped\n");
  const auto piped = test.read_piped({"run", "-"}, "- echo piped\n");
  REQUIRE(file);
  REQUIRE(piped);
  CHECK(commands_of(*file) == Words{"echo file"});
  CHECK(commands_of(*piped) == Words{"echo piped"});
  CHECK(err.text() == "errand: note: running errand.yaml; to run what is piped in, write '-'\n");
}

TEST_CASE("tasks of a stream cannot be selected by name") {
  CmdTest test;
  test.write("tasks.jsonl", "\"x\"\n");
  CHECK(contains(test.problems_of({"run", "tasks.jsonl", "a"})[0], "cannot be selected by name"));
}

// ---- what is in the file

TEST_CASE("--var goes over the file's variables, and --env is seen by expressions") {
  CmdTest test;
  const std::string yaml =
      "vars: { who: file }\n"
      "tasks: { a: 'echo ${{ vars.who }} ${{ env.MINE }} $MINE' }";
  const Plan plan = test.plan_of_yaml(yaml, {"run", "--var", "who=option", "--env", "MINE=env"});
  CHECK(commands_of(plan) == Words{"echo option env $MINE"});
  CHECK(task_of(plan, "a").env->back() == EnvEntry("MINE", "env"));
  test.write("errand.yaml", "tasks: { a: 'echo ${{ vars.x }}' }");
  CHECK(test.problems_of({"run"}).size() == 1);
}

TEST_CASE("expressions see errand's environment") {
  CmdTest test;
  test.env.set("MINE", "outer");
  const std::string yaml = "tasks: { a: 'echo ${{ env.MINE }}' }";
  CHECK(commands_of(test.plan_of_yaml(yaml)) == Words{"echo outer"});
  CHECK(commands_of(test.plan_of_yaml(yaml, {"run", "--env", "MINE=inner"})) ==
        Words{"echo inner"});
}

TEST_CASE("a file of variables must be a regular file, and small enough") {
  CmdTest test;
  test.write("my.env", "A='from file'\n");
  const Plan plan = test.plan_of_yaml("tasks: { a: { run: 'echo $A', env_file: my.env } }");
  CHECK(*task_of(plan, "a").env == std::vector<EnvEntry>{{"A", "from file"}});
  REQUIRE(::mkfifo((test / "pipe").c_str(), 0600) == 0);
  fs::resize_file(test / "my.env", (std::uintmax_t{16} << 20) + 1);
  for (const char* name : {"pipe", "/dev/zero", "nosuch", ".", "my.env"}) {
    CAPTURE(name);
    test.write("errand.yaml",
               "tasks: { a: { run: 'echo $A', env_file: " + std::string(name) + " } }");
    const Words problems = test.problems_of({"run"});
    CHECK(contains(problems.front(), name));
  }
}

TEST_CASE("[P27] all problems of a file come at once, each with its place and a suggestion") {
  CmdTest test;
  test.write("ci.yaml",
             "version: 1\n"
             "tasks:\n"
             "  build:\n"
             "    commad: make\n"
             "  lint:\n"
             "    run: x\n"
             "    needs: [biuld]\n"
             "  a: { run: x, needs: [b] }\n"
             "  b: { run: x, needs: [a] }\n"
             "  c: { run: x, timeout: soon }\n");
  const Words problems = test.problems_of({"run", "ci.yaml"});
  std::string all;
  for (const std::string& problem : problems) all += problem + "\n";
  CHECK(contains(all, "ci.yaml:4:5: unknown key \"commad\", did you mean \"command\"?\n"));
  CHECK(contains(all, "ci.yaml:7:13: "));
  CHECK(contains(all, "did you mean \"build\"?"));
  CHECK(contains(all, "ci.yaml:10:25: "));
  CHECK(contains(all, "cycle: a needs b needs a\n"));
  CHECK(test.problems_of({"check", "ci.yaml"}) == problems);
}

TEST_CASE("every name that no task has is told at once") {
  CmdTest test;
  test.write("ci.yaml", "tasks: { build: x, lint: x }");
  const Words problems = test.problems_of({"run", "ci.yaml", "biuld", "lint", "deploy"});
  REQUIRE(problems.size() == 2);
  CHECK(contains(problems[0], "ci.yaml: there is no task \"biuld\", did you mean \"build\"?"));
  CHECK(contains(problems[1], "ci.yaml: there is no task \"deploy\""));
}

TEST_CASE("--only and --skip choose among the tasks, with what they need") {
  CmdTest test;
  test.write("ci.yaml", R"(
tasks:
  lint: { tasks: { format: x, tidy: x } }
  build: x
  test: { needs: [build, lint/format], run: x }
)");
  const auto left = [&test](Words words) {
    words.insert(words.begin(), "run");
    words.emplace_back("ci.yaml");
    return names_of(test.plan_of(words));
  };
  CHECK(left({"--only", "lint/t*", "--only", "b*"}) == Words{"lint/tidy", "build"});
  CHECK(left({"--only", "test"}) == Words{"lint/format", "build", "test"});
  CHECK(left({"--skip", "lint"}) == Words{"build", "test"});
  const Plan skipped = test.plan_of({"run", "--skip", "lint", "ci.yaml"});
  CHECK(task_of(skipped, "test").needs == std::vector<Need>{{task_of(skipped, "build").id}});
}

}  // namespace
}  // namespace errand::test
