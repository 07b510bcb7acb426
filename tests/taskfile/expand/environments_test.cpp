// SPDX-License-Identifier: Apache-2.0
//
// env_file and secrets.
#include <map>

#include "support/catch.h"
#include "taskfile/read_support.h"

using namespace errand;

namespace {

struct Files {
  std::map<std::string, std::string> texts;
  std::vector<std::string> read;

  ReadOptions options() {
    ReadOptions options;
    options.dir = "d";
    options.read_file = [this](const std::string& path) -> Result<std::string> {
      read.push_back(path);
      const auto found = texts.find(path);
      if (found != texts.end()) return found->second;
      return std::unexpected(Error::text("open: No such file or directory"));
    };
    options.variable = [](const std::string& name) -> std::optional<std::string> {
      if (name == "TOKEN") return "process-token";
      return {};
    };
    return options;
  }
};

using Env = std::vector<EnvEntry>;
// What of these texts the run does not show.
Lines masked_of(const Plan& plan, const Lines& texts) {
  Lines masked;
  for (const std::string& text : texts) {
    if (plan.root().masker->mask(text) != text) masked.push_back(text);
  }
  return masked;
}

}  // namespace

TEST_CASE("the variables of files stand below env, inner ones above outer ones") {
  Files files{{{"d/.env", "A=1\nB=2\n"}, {"d/more", "B=3\n"}, {"/abs", "C=4"}}, {}};
  const Plan plan = yaml_plan(
      "env_file: [.env, more]\n"
      "env: { A: run }\n"
      "tasks: { t: { run: x, env-file: /abs, env: { C: own } }, u: x }\n",
      files.options());
  CHECK(*task_named(plan, "u").env == Env{{"A", "1"}, {"B", "2"}, {"B", "3"}, {"A", "run"}});
  CHECK(*task_named(plan, "t").env ==
        Env{{"A", "1"}, {"B", "2"}, {"B", "3"}, {"A", "run"}, {"C", "4"}, {"C", "own"}});
}

TEST_CASE("a file is read once, however many tasks name it") {
  Files files{{{"d/.env", "A=1\n"}}, {}};
  std::string text = "tasks:\n";
  for (int i = 0; i < 100; ++i) text += "  - { run: x, env_file: .env }\n";
  CHECK(yaml_plan(text, files.options()).tasks().size() == 101);
  CHECK(files.read == std::vector<std::string>{"d/.env"});
}

TEST_CASE("texts may name the variables of files, paths the variables around") {
  Files files{{{"d/dev.env", "A=1\n"}}, {}};
  const Plan plan = yaml_plan(
      "env: { STAGE: dev }\n"
      "tasks: { t: { run: 'echo ${{ env.A }}', env_file: '${{ env.STAGE }}.env',\n"
      "              env: { B: 'b${{ env.A }}' } } }\n",
      files.options());
  CHECK(script_of(task_named(plan, "t")) == "echo 1");
  CHECK(task_named(plan, "t").env->back() == EnvEntry{"B", "b1"});
}

TEST_CASE("a file that is missing or broken is an error at its name") {
  Files files{{{"d/bad", "A=1\n=2\n"}}, {}};
  const auto problems = problems_in("env_file: [none, bad]\ntasks: [{ run: x, env_file: [''] }]",
                                    Format::yaml, files.options());
  REQUIRE(problems.size() == 3);
  CHECK(problems[0] == "f:1:12: env_file: \"none\": open: No such file or directory");
  CHECK(problems[1].starts_with("f:1:18: env_file: \"bad\": line 2: "));
  CHECK(problems[2] == "f:2:30: the path is empty; write the name of a file");
  CHECK(yaml_problems("env_file: a\ntasks: []") ==
        Lines{"f:1:11: env_file: \"a\": files cannot be read here"});
  CHECK(yaml_problems("env_file: { a: b }\ntasks: []") ==
        Lines{"f:1:11: \"env_file\" expects a list of paths, found a map"});
}

TEST_CASE("files that are copied without end are refused") {
  Files files{{{"d/big", "A=" + std::string(1'000'000, 'x') + "\n"}}, {}};
  std::string text = "tasks:\n";
  for (int i = 0; i < 400; ++i) text += "  - { run: x, env_file: big }\n";
  const Lines problems = problems_in(text, Format::yaml, files.options());
  REQUIRE(!problems.empty());
  CHECK(problems[0].find("the environments of all tasks together are too large") !=
        std::string::npos);
}

TEST_CASE("the run knows the values of all tasks' secrets, wherever they come from") {
  Files files{{{"d/.env", "FILE=from-file\n"}}, {}};
  const Plan plan = yaml_plan(
      "env_file: .env\n"
      "secrets: [TOKEN, FILE, NOWHERE, EMPTY]\n"
      "env: { EMPTY: '' }\n"
      "tasks:\n"
      "  t: x\n"
      "  own: { run: x, secrets: OWN, env: { OWN: mine } }\n",
      files.options());
  CHECK(masked_of(plan, {"from-file", "process-token", "mine", "other"}) ==
        Lines{"from-file", "process-token", "mine"});
  for (const Task& task : plan.tasks()) CHECK(task.masker == plan.root().masker);
}

TEST_CASE("a variable that is a secret outside is one inside, with its new value too") {
  Files files;
  const Plan plan = yaml_plan(
      "secrets: [TOKEN]\n"
      "tasks: { g: { env: { TOKEN: other, X: plain }, tasks: { a: x, b: { run: x, env: { TOKEN: "
      "third } } } } }\n",
      files.options());
  CHECK(masked_of(plan, {"other", "process-token", "third", "plain"}) ==
        Lines{"other", "process-token", "third"});
}

TEST_CASE("a value that no process could have is no secret") {
  Files files{{{"d/.env", "BIG=" + std::string(200'000, 'x') + "\n"}}, {}};
  CHECK(
      problems_in("env_file: .env\nsecrets: [BIG]\ntasks: [x]\n", Format::yaml, files.options()) ==
      Lines{"f:2:1: the value of the secret \"BIG\" is larger than 128 KiB, more than a process "
            "can have in a variable; leave it out of \"secrets\""});
}

TEST_CASE("a name in secrets that no variable has, and a short value, are notes") {
  Files files;
  const Plan plan = yaml_plan(
      "secrets: [NOPE, PIN, LATER, EMPTY]\n"
      "env: { PIN: '123', EMPTY: '' }\n"
      "tasks: { t: { run: x, env: { LATER: long-enough } } }\n",
      files.options());
  REQUIRE(plan.notes().size() == 2);
  CHECK(plan.notes()[0].position.column == 11);
  CHECK(plan.notes()[0].text == "no variable is called \"NOPE\", so there is no secret to mask");
  CHECK(plan.notes()[1].text ==
        "a secret of fewer than 4 bytes is masked in output, names and commands, but not in what "
        "errand writes itself");
}

TEST_CASE("without secrets there are none") {
  CHECK(yaml_plan("- { run: x, secrets: [NOPE] }\n- x\n").root().masker->empty());
  CHECK(yaml_problems("- { run: x, secrets: { A: 1 } }") ==
        Lines{"f:1:22: \"secrets\" expects a list of names of variables, found a map"});
  CHECK(yaml_problems("- { run: x, secrets: [A=B, [C]] }") ==
        Lines{"f:1:23: \"A=B\" cannot be the name of a variable",
              "f:1:28: \"secrets\" expects a list of names of variables, found a list"});
}
