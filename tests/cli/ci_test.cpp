// SPDX-License-Identifier: Apache-2.0
//
// errand in CI systems, which it knows by their variables. The logs themselves are compared in
// tests/console.
#include <fcntl.h>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kYaml =
    "mode: aggregate\njobs: 1\ntasks: { a: echo fine, b: { run: echo broken; exit 3 } }\n";

struct InCi : CliTest {
  explicit InCi(std::string yaml = kYaml) { write("errand.yaml", yaml); }
  Ended run_in(std::vector<std::string> env, std::vector<std::string> options = {},
               Streams streams = Streams::together) {
    Call call{{"run", "--color=never"}};
    call.args.insert(call.args.end(), options.begin(), options.end());
    call.env = std::move(env);
    call.streams = streams;
    return run(call);
  }
};

TEST_CASE("each CI system is known by its variable, and one line says what that changes") {
  struct System {
    std::string variable, note, fold, annotation;
  };
  const std::vector<System> systems = {
      {"GITHUB_ACTIONS=true", "GitHub Actions: folds, annotations", "::group::a: ok in ",
       "::error title=b::b: failed: exit 3 in "},
      {"GITLAB_CI=true", "GitLab: folds", "[collapsed=true]\r\x1b[0Ka: ok in ", ""},
      {"TF_BUILD=True", "Azure Pipelines: folds, annotations", "##[group]a: ok in ",
       "##vso[task.logissue type=error]b: failed: exit 3 in "},
      {"TEAMCITY_VERSION=2024.1", "TeamCity: folds, annotations",
       "##teamcity[blockOpened name='a: ok in ",
       "##teamcity[buildProblem description='b: failed: exit 3 in "}};
  for (const System& system : systems) {
    CAPTURE(system.variable);
    InCi test;
    const Ended end = test.run_in({system.variable});
    CHECK(end.how() == "exit 1");
    CHECK(contains(end.out, "errand: note: " + system.note + "; --ci none switches that off\n"));
    CHECK(count(end.out, system.fold) == 1);
    if (!system.annotation.empty()) CHECK(count(end.out, system.annotation) == 1);
    CHECK(last_lines(end.out, 1).starts_with("errand: "));
    // Each part can be switched off.
    const Ended flat = test.run_in({system.variable}, {"--no-folds"});
    CHECK_FALSE(contains(flat.out, system.fold));
    const Ended bare = test.run_in({system.variable}, {"--no-annotations"});
    if (!system.annotation.empty()) CHECK_FALSE(contains(bare.out, system.annotation));
    const Ended none = test.run_in({system.variable}, {"--ci", "none"});
    CHECK_FALSE(contains(none.out, "note: "));
    CHECK_FALSE(contains(none.out, system.fold));
    CHECK(without_times(none.out) == without_times(test.run_in({}).out));
  }
}

TEST_CASE("--ci and ERRAND_CI name a system themselves, without a note") {
  InCi test;
  CHECK(contains(test.run_in({}, {"--ci=azure"}).out, "##[group]a: ok in "));
  const Ended end = test.run_in({"ERRAND_CI=github"});
  CHECK(contains(end.out, "::group::a: ok in "));
  CHECK_FALSE(contains(end.out, "note: "));
  CHECK(test.run({"run", "--ci", "jenkins"}).how() == "exit 125");
}

TEST_CASE("in a CI system a task's streams keep their order in the fold, and stdout has both") {
  InCi test("tasks: { a: echo o1; echo e1 >&2; echo o2 }");
  const Ended end = test.run_in({"GITHUB_ACTIONS=true"}, {}, Streams::apart);
  CHECK(without_times(end.out) == "::group::a: ok in TIME\no1\ne1\no2\n::endgroup::\n");
  CHECK_FALSE(contains(end.err, "e1"));
}

TEST_CASE("a file gets nothing but what tasks wrote, in a CI system too") {
  InCi test;
  for (const char* mode : {"group", "ordered"}) {
    Call call{{"run", "-o", mode}};
    call.env = {"GITHUB_ACTIONS=true"};
    call.out_file = test / "out";
    test.write("out", "");
    const Ended end = test.run(call);
    CHECK(test.read("out") == "fine\nbroken\n");
    CHECK(contains(end.err, "::error title=b::"));
  }
}

TEST_CASE("a report on standard output is not disturbed by a CI system's words") {
  InCi test;
  const Ended end =
      test.run_in({"GITHUB_ACTIONS=true"}, {"-o", "quiet", "--report", "json=-"}, Streams::apart);
  CHECK(end.out.starts_with("{"));
  CHECK_FALSE(contains(end.out, "::error"));
  CHECK(contains(end.err, "::error title=b::"));
}

TEST_CASE("live output has no folds") {
  InCi test;
  const Ended end = test.run_in({"GITHUB_ACTIONS=true"}, {"-o", "live"});
  CHECK(contains(end.out, "note: GitHub Actions: annotations; "));
  CHECK_FALSE(contains(end.out, "::group::"));
}

TEST_CASE("an errand in an errand's task leaves the CI system to the outer one") {
  InCi test("tasks: { outer: \"'" + std::string(ERRAND_BINARY) +
            "' exec -- 'echo inner; exit 3'\" }");
  const Ended end = test.run_in({"GITHUB_ACTIONS=true"});
  CHECK(count(end.out, "::error ") == 1);
  CHECK_FALSE(contains(end.out, "::group::"));
  CHECK(count(end.out, "note: GitHub Actions") == 1);
}

TEST_CASE("GitHub's step summary is appended to, and stays below its limit") {
  InCi test;
  test.write("summary.md", "before\n");
  const std::vector<std::string> env = {"GITHUB_ACTIONS=true",
                                        "GITHUB_STEP_SUMMARY=" + (test / "summary.md")};
  const Ended end = test.run_in(env);
  CHECK(contains(end.out, "GitHub Actions: folds, annotations, a step summary; "));
  CHECK(contains(test.read("summary.md"), "before\n\n## errand: ❌ failed\n\n2 tasks: "));
  CHECK(contains(test.read("summary.md"), "| b | ❌ failed | 1 | "));
  CHECK(contains(test.read("summary.md"), "| a | ✅ succeeded | 1 | "));

  test.write("summary.md", std::string(999'900, 'x'));
  test.run_in(env);
  CHECK(test.read("summary.md").size() < 1'000'000);

  test.write("summary.md", "before\n");
  test.run_in(env, {"--no-annotations"});
  CHECK(test.read("summary.md") == "before\n");
}

TEST_CASE("a step summary that cannot be written is a warning") {
  InCi test;
  const Ended end =
      test.run_in({"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + (test / "nowhere/summary.md")});
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.out, "errand: warning: step summary '"));
}

TEST_CASE("secrets are masked in annotations and in the step summary") {
  InCi test(
      "secrets: [TOKEN]\nenv: { TOKEN: s3cret }\n"
      "tasks: { a: 'echo it is $TOKEN; exit 1', b: [nosuch-s3cret] }\nmode: aggregate");
  test.write("summary.md", "");
  const Ended end =
      test.run_in({"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + (test / "summary.md")});
  CHECK(contains(end.out, "%0Ait is ***\n"));
  CHECK_FALSE(contains(end.out, "s3cret"));
  CHECK_FALSE(contains(test.read("summary.md"), "s3cret"));
}

}  // namespace
}  // namespace errand::test
