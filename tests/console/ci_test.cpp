// SPDX-License-Identifier: Apache-2.0
//
// What CI systems get to read: a whole log of each, compared with a file in golden/, and the rules
// one by one. ERRAND_UPDATE_GOLDEN=1 writes the files anew.
#include "errand/console/ci.h"

#include "errand/console/annotations.h"
#include "errand/console/console.h"
#include "errand/report/summary.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

// The log of a CI system in which both descriptors end.
struct Log {
  explicit Log(CiSystem system, OutputMode mode = OutputMode::group,
               Verbosity verbosity = Verbosity::normal)
      : console(out, out, space, options(system, mode, verbosity)), annotations(out, system) {}
  static ConsoleOptions options(CiSystem system, OutputMode mode, Verbosity verbosity) {
    ConsoleOptions options;
    options.mode = mode;
    options.verbosity = verbosity;
    options.folds = system;
    return options;
  }

  void record(Duration since, EventKind kind) {
    const RunEvent event = at(since, std::move(kind));
    console.on(event);
    annotations.on(event);
    summary.on(event);
  }
  void start(const Plan& plan, Mode mode = Mode::aggregate) {
    record(0s, RunStarted{"id", "ci", mode, &plan, 0});
  }
  void run(Duration since, std::string_view bytes, TaskEnded ended) {
    CHECK_FALSE(console.open(*ended.task, 1)->write(StdStream::out, bytes));
    ended.last_lines = bytes;
    record(since, ended);
  }
  std::string text() const { return file.text(); }

  Loop loop;
  OutputFile file;
  Writer out{loop.runtime, file.fd(), "standard output"};
  SpillSpace space{"/tmp"};
  Console console;
  Annotations annotations;
  Summary summary{out, {}};
};

TaskEnded allowed(TaskEnded ended) {
  ended.allowed = true;
  return ended;
}

// One of everything: a fold, a silent task, an allowed failure, a failure, a canceled task.
std::string whole_run(CiSystem system) {
  Log log(system);
  const Plan plan = make_plan({"lint", "lint/format", "lint/tidy", "build", "silent",
                               "test: [1], 'a|b' 100%", "slow", "docs"});
  log.start(plan);
  log.run(2s, "src/a.c: ok\nsrc/b.c: ok\n", succeeded(plan.task(2), 2s));
  log.run(3s, "unused variable\n", allowed(failed(plan.task(3), 1, 3s)));
  log.record(3s, succeeded(plan.task(1), 3s));
  log.run(4s, "linking, no newline", succeeded(plan.task(4), 4s));
  log.record(4s, succeeded(plan.task(5), 4s));
  log.run(5s, "50% done\n\x1b[31merror:\x1b[0m [x] = 'y' | z, it's ::error::\n##[error]no\n",
          failed(plan.task(6), 2, 5s));
  TaskEnded canceled = unstarted(plan.task(7), TaskState::canceled, "received SIGTERM");
  canceled.attempts = 1;
  canceled.duration = 5s;
  log.run(6s, "working\n", canceled);
  log.record(6s, unstarted(plan.task(8), TaskState::skipped, "needs slow: canceled"));
  RunEnded ended;
  ended.state = TaskState::failed;
  ended.error = Error::text("test: exit 2");
  ended.by_tasks = true;
  ended.duration = 6s;
  log.record(6s, ended);
  return log.text();
}

RunEnded failed_run() {
  RunEnded ended;
  ended.state = TaskState::failed;
  return ended;
}

void compare(const std::string& name, const std::string& text) {
  const std::string path = std::string(ERRAND_GOLDEN) + "/" + name;
  if (std::getenv("ERRAND_UPDATE_GOLDEN")) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<::ssize_t>(text.size()));
  }
  CHECK(text == read_file(path));
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

}  // namespace

TEST_CASE("[P13] GitHub's log has folds, failed tasks open, and annotations") {
  compare("github.log", whole_run(CiSystem::github));
}
TEST_CASE("[P13] GitLab's log has collapsed sections, failed tasks open") {
  compare("gitlab.log", whole_run(CiSystem::gitlab));
}
TEST_CASE("[P13] Azure's log has groups, failed tasks open, and issues") {
  compare("azure.log", whole_run(CiSystem::azure));
}
TEST_CASE("[P13] TeamCity's log has blocks, failed tasks open, and build problems") {
  compare("teamcity.log", whole_run(CiSystem::teamcity));
}
TEST_CASE("without a CI system there are neither folds nor annotations") {
  compare("none.log", whole_run(CiSystem::none));
}

TEST_CASE("in file order blocks are folded too, and are whole") {
  Log log(CiSystem::github, OutputMode::ordered);
  const Plan plan = make_plan({"a", "b"});
  log.start(plan);
  const auto a = log.console.open(plan.task(1), 1);
  CHECK_FALSE(a->write(StdStream::out, "a1\n"));
  log.run(1s, "b\n", failed(plan.task(2), 1));
  CHECK(log.text().empty());
  log.record(2s, succeeded(plan.task(1)));
  CHECK(log.text() ==
        "::group::a: ok in 1.2s\na1\n::endgroup::\n"
        "b\nb: failed: exit 1 in 3.1s\n");
}

TEST_CASE("-q leaves the folds their names") {
  Log log(CiSystem::github, OutputMode::group, Verbosity::none);
  const Plan plan = make_plan({"a"});
  log.start(plan);
  log.run(1s, "a\n", succeeded(plan.task(1)));
  CHECK(log.text() == "::group::a\na\n::endgroup::\n");
}

TEST_CASE("nine failures are annotated, the tenth annotation counts the rest") {
  Log log(CiSystem::github, OutputMode::quiet);
  std::vector<std::string> names(30, "t");
  const Plan plan = make_plan(names);
  log.start(plan);
  for (TaskId id = 1; id <= 12; ++id) log.record(1s, failed(plan.task(id), 1));
  for (TaskId id = 13; id <= 22; ++id) log.record(1s, allowed(failed(plan.task(id), 1)));
  log.record(2s, failed_run());
  CHECK(count_of(log.text(), "::error ") == 10);
  CHECK(count_of(log.text(), "::error title=errand::3 more failures\n") == 1);
  CHECK(count_of(log.text(), "::warning ") == 10);
  CHECK(count_of(log.text(), "::warning title=errand::1 more allowed failure\n") == 1);
}

TEST_CASE("a group is annotated only when no task in it is") {
  Log log(CiSystem::github, OutputMode::quiet);
  const Plan plan = make_plan({"lint", "lint/a"});
  log.start(plan);
  log.record(1s, failed(plan.task(2), 1));
  log.record(1s, unstarted(plan.task(1), TaskState::failed, "lint/a: exit 1"));
  log.record(2s, failed_run());
  CHECK(count_of(log.text(), "::error ") == 1);
}

TEST_CASE("[F4.8] what loses a race is not annotated") {
  Log log(CiSystem::github, OutputMode::quiet);
  const Plan plan = make_plan({"race", "race/a", "race/b", "c"});
  log.start(plan);
  log.record(1s, failed(plan.task(2), 1));
  log.record(1s, succeeded(plan.task(3)));
  log.record(1s, succeeded(plan.task(1)));
  log.record(1s, failed(plan.task(4), 1));
  log.record(2s, failed_run());
  CHECK(count_of(log.text(), "::error ") == 1);
  CHECK(count_of(log.text(), "::error title=c::") == 1);
}

TEST_CASE("a run that fails without a failed task is annotated itself") {
  Log log(CiSystem::github, OutputMode::quiet);
  const Plan plan = make_plan({"a"});
  log.start(plan);
  log.record(1s,
             unstarted(plan.task(1), TaskState::canceled, "the timeout of the run (1s) passed"));
  RunEnded ended;
  ended.state = TaskState::timed_out;
  ended.error = Error::text("the timeout of the run (1s) passed");
  log.record(1s, ended);
  CHECK(log.text().starts_with("::error title=errand::the timeout of the run (1s) passed\n"));
}

TEST_CASE("whatever is in a name or a line stays text in an annotation") {
  const Annotation annotation{Severity::error, "a,b: c%", "50%\r\nline, 'x' [y] | ]z;"};
  CHECK(annotation_line(CiSystem::github, annotation) ==
        "::error title=a%2Cb%3A c%25::50%25%0D%0Aline, 'x' [y] | ]z;\n");
  CHECK(annotation_line(CiSystem::azure, annotation) ==
        "##vso[task.logissue type=error]50%AZP25%0D%0Aline, 'x' [y] | ]z;\n");
  CHECK(annotation_line(CiSystem::teamcity, annotation) ==
        "##teamcity[buildProblem description='50%|r|nline, |'x|' |[y|] || |]z;']\n");
  CHECK(annotation_line(CiSystem::gitlab, annotation).empty());
  CHECK(annotation_line(CiSystem::none, annotation).empty());
}

TEST_CASE("a fold's title cannot be left") {
  const Fold fold{1, "a'] %0A|b", {}, {}};
  CHECK(fold_begin(CiSystem::github, fold) == "::group::a'] %250A|b\n");
  CHECK(fold_begin(CiSystem::teamcity, fold) == "##teamcity[blockOpened name='a|'|] %0A||b']\n");
  CHECK(fold_end(CiSystem::teamcity, fold) == "##teamcity[blockClosed name='a|'|] %0A||b']\n");
}
