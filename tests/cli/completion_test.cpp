// SPDX-License-Identifier: Apache-2.0
//
// errand completion: what the shells that are installed make of it.
#include <sys/stat.h>

#include <algorithm>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kPlan =
    "tasks: { build: x, 'has space': x, '$(touch hit)': x, lint: { tasks: { format: x } } }\n";

struct CompletionTest : CliTest {
  CompletionTest() {
    write("errand.yaml", kPlan);
    write("other.yaml", "tasks: { elsewhere: x }\n");
    write("bin/errand", "#!/bin/sh\nexec " ERRAND_BINARY " \"$@\"\n");
    REQUIRE(::chmod((*this / "bin/errand").c_str(), 0755) == 0);
  }
  // What bash offers for the last of the words.
  std::vector<std::string> bash(const std::vector<std::string>& words) {
    write("completion", run({"completion", "bash"}).out);
    std::string script = ". ./completion; COMP_WORDS=(errand";
    for (const std::string& word : words) script += " '" + word + "'";
    script += "); COMP_CWORD=" + std::to_string(words.size()) +
              "; _errand; printf '%s\\n' \"${COMPREPLY[@]}\"";
    return lines_of(run_program("bash", script));
  }
  std::string run_program(const std::string& program, const std::string& script) {
    Call call{{"exec", "-q", "--shell", program + " -c", ":::", script}};
    call.env = {"PATH=" + (*this / "bin") + ":/usr/bin:/bin"};
    const Ended end = run(call);
    CHECK(end.how() == "exit 0");
    CHECK(end.err.empty());
    return end.out;
  }
};

using Words = std::vector<std::string>;

bool offers(const Words& offered, const std::string& word) {
  return std::find(offered.begin(), offered.end(), word) != offered.end();
}

TEST_CASE("bash completes commands, options and their values") {
  CompletionTest test;
  CHECK(test.bash({"ex"}) == Words{"exec"});
  CHECK(test.bash({""}) == Words{"run", "exec", "check", "list", "graph", "report", "schema",
                                 "completion", "man", "--help", "--version"});
  CHECK(test.bash({"run", "--task"}) == Words{"--task-timeout"});
  CHECK(test.bash({"run", "-o", "g"}) == Words{"group"});
  CHECK(test.bash({"exec", "--mode", ""}) == Words{"errgroup", "aggregate", "race"});
  CHECK(test.bash({"completion", "z"}) == Words{"zsh"});
  CHECK(test.bash({"run", "-j", ""}) == Words{""});
}

TEST_CASE("bash completes tasks of the file on the line, or of the default one, and files") {
  CompletionTest test;
  CHECK(test.bash({"run", "bu"}) == Words{"build"});
  CHECK(test.bash({"run", "lint/"}) == Words{"lint/format"});
  CHECK(test.bash({"run", "has"}) == Words{"has space"});
  CHECK(test.bash({"run", "other.yaml", "e"}) == Words{"errand.yaml", "elsewhere"});
  CHECK(test.bash({"run", "--only", "b"}) == Words{"build"});
  CHECK(offers(test.bash({"check", ""}), "other.yaml"));
  CHECK(offers(test.bash({"run", ""}), "$(touch hit)"));
  CHECK_FALSE(test.exists("hit"));
}

TEST_CASE("zsh takes the completions, where it is installed") {
  if (find_program("zsh").empty()) return;
  CompletionTest test;
  test.write("_errand", test.run({"completion", "zsh"}).out);
  const std::string out = test.run_program(
      "zsh -f", "autoload -Uz compinit; compinit -u -D; . ./_errand; echo $_comps[errand]");
  CHECK(out == "_errand\n");
  CHECK(test.run_program("zsh -f -n", test.read("_errand")).empty());
}

TEST_CASE("fish completes commands and tasks, where it is installed") {
  if (find_program("fish").empty()) return;
  CompletionTest test;
  test.write("completion", test.run({"completion", "fish"}).out);
  const auto fish = [&](const std::string& line) {
    return lines_of(
        test.run_program("fish --no-config", "source completion; complete -C '" + line + "'"));
  };
  CHECK(fish("errand ex").front().starts_with("exec"));
  CHECK(fish("errand run bui").front().starts_with("build"));
  CHECK(fish("errand run --task-t").front().starts_with("--task-timeout"));
}

}  // namespace
}  // namespace errand::test
