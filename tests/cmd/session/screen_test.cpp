// SPDX-License-Identifier: Apache-2.0
//
// What a CI system gets, and how output is shown, before the first task starts.
#include "cmd/session/screen.h"

#include <sys/mman.h>
#include <unistd.h>

#include "support/cmd_test.h"

namespace errand::test {
namespace {

enum class Target { pipe, file };

UniqueFd opened(Target target) {
  if (target == Target::file) return UniqueFd(::memfd_create("log", MFD_CLOEXEC));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  return UniqueFd(ends[1]);
}

// The settings of a run whose standard output and standard error are these.
cmd::CiSettings settings_of(Words options, Target out = Target::pipe, Target err = Target::pipe) {
  options.insert(options.begin(), "run");
  const auto run = command_of<cmd::RunCommand>(std::move(options));
  const ReplacedDescriptor out_there(STDOUT_FILENO, opened(out));
  const ReplacedDescriptor err_there(STDERR_FILENO, opened(err));
  return cmd::ci_settings(run, cmd::output_mode(run));
}

TEST_CASE("each CI system is known by its variable, and a note says what that changes") {
  struct System {
    std::string variable;
    CiSystem system;
    std::string note;
  };
  for (const System& one : std::vector<System>{
           {"GITHUB_ACTIONS", CiSystem::github, "GitHub Actions: folds, annotations"},
           {"GITLAB_CI", CiSystem::gitlab, "GitLab: folds"},
           {"TF_BUILD", CiSystem::azure, "Azure Pipelines: folds, annotations"},
           {"TEAMCITY_VERSION", CiSystem::teamcity, "TeamCity: folds, annotations"}}) {
    CAPTURE(one.variable);
    Environment env;
    env.set(one.variable, "1");
    const cmd::CiSettings settings = settings_of({});
    CHECK(settings.system == one.system);
    CHECK(settings.note == one.note + "; --ci none switches that off");
    CHECK(settings_of({"--ci", "none"}).system == CiSystem::none);
    CHECK_FALSE(settings_of({"--no-folds"}).folds);
    CHECK_FALSE(settings_of({"--no-annotations"}).annotations);
    env.set(one.variable, "false");
    CHECK(settings_of({}).system == CiSystem::none);
  }
}

TEST_CASE("--ci and ERRAND_CI name a system themselves, without a note") {
  Environment env;
  CHECK(settings_of({"--ci=azure"}).system == CiSystem::azure);
  env.set("GITLAB_CI", "true");
  env.set("ERRAND_CI", "github");
  const cmd::CiSettings settings = settings_of({});
  CHECK(settings.system == CiSystem::github);
  CHECK(settings.note == "");
}

TEST_CASE("an errand in an errand's task leaves the CI system to the outer one") {
  Environment env;
  env.set("GITHUB_ACTIONS", "true");
  env.set("ERRAND_RUN_ID", "20260102-030405-k3j9xq");
  CHECK(settings_of({}).system == CiSystem::none);
}

TEST_CASE("folds are for blocks of output in a log, not for files and not for live output") {
  Environment env;
  env.set("GITHUB_ACTIONS", "true");
  for (const char* mode : {"group", "ordered", "errors"}) CHECK(settings_of({"-o", mode}).folds);
  for (const char* mode : {"live", "raw", "quiet"}) CHECK_FALSE(settings_of({"-o", mode}).folds);
  CHECK_FALSE(settings_of({"-o", "group"}, Target::file).folds);
  CHECK_FALSE(settings_of({"-o", "group"}, Target::file).on_out);
  CHECK(settings_of({"-o", "group"}).one_log);
  CHECK_FALSE(settings_of({"-o", "group"}, Target::pipe, Target::file).one_log);
}

TEST_CASE("standard output that has a report gets no words of a CI system") {
  Environment env;
  env.set("GITHUB_ACTIONS", "true");
  for (const Words& options : std::vector<Words>{{"--report", "json=-"}, {"--joblog", "-"}}) {
    CAPTURE(options);
    CHECK_FALSE(settings_of(options).on_out);
    CHECK_FALSE(settings_of(options).folds);
    CHECK(settings_of(options).annotations);
  }
}

TEST_CASE("only GitHub has a step summary, unless annotations are switched off") {
  Environment env;
  env.set("GITHUB_STEP_SUMMARY", "/summary.md");
  CHECK(settings_of({"--ci", "github"}).summary_path == "/summary.md");
  CHECK(settings_of({"--ci", "github", "--no-annotations"}).summary_path == "");
  CHECK(settings_of({"--ci", "azure"}).summary_path == "");
}

TEST_CASE("output is in blocks unless it goes to a terminal or -o says otherwise") {
  const Environment env;
  cmd::RunCommand run;
  OutputMode automatic = OutputMode::quiet;
  {
    const ReplacedDescriptor out(STDOUT_FILENO, opened(Target::pipe));
    automatic = cmd::output_mode(run);
  }
  CHECK(automatic == OutputMode::group);
  run.output = OutputMode::errors;
  CHECK(cmd::output_mode(run) == OutputMode::errors);
}

}  // namespace
}  // namespace errand::test
