// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/job_log.h"

#include "errand/events/failure.h"
#include "support/fake_executor.h"
#include "support/report_fixture.h"
#include "support/secrets.h"

using namespace errand;
using namespace errand::test;

namespace {

const std::string kHeader =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

AttemptEnded attempt_of(const Task& task, std::optional<ExitStatus> status,
                        TaskState state = TaskState::succeeded, Duration duration = 1s) {
  AttemptEnded attempt;
  attempt.task = &task;
  attempt.status = status;
  attempt.state = state;
  attempt.duration = duration;
  return attempt;
}

TaskEnded ended_as(const Task& task, TaskState state) {
  TaskEnded ended = succeeded(task);
  ended.state = state;
  return ended;
}

int shell_code(const Error& error) {
  const auto* reason = error.as<NotExecutable>();
  return reason ? reason->shell_code : 126;
}

struct LogFile {
  explicit LogFile(const std::string& mark = "") {
    auto opened = JobLog::open(loop.runtime, mark + path, out, shell_code);
    REQUIRE(opened.has_value());
    log = std::move(*opened);
  }
  std::string lines() const {
    const std::string text = read_file(path);
    REQUIRE(text.starts_with(kHeader));
    return text.substr(kHeader.size());
  }
  // Exitval and Signal of a task that ended so.
  std::string outcome(const AttemptEnded& attempt, TaskState state) {
    const std::size_t before = lines().size();
    log->on(at(1s, attempt));
    log->on(at(1s, ended_as(*attempt.task, state)));
    const std::string line = lines().substr(before);
    std::size_t begin = 0;
    for (int column = 0; column < 6; ++column) begin = line.find('\t', begin) + 1;
    return line.substr(begin, line.rfind('\t') - begin);
  }

  // Of all tests here, which begin the file anew.
  static Folder& folder() {
    static Folder one;
    return one;
  }
  const std::string path = folder() / "jobs";
  Loop loop;
  OutputFile out_file;
  Writer out{loop.runtime, out_file.fd(), "standard output"};
  std::unique_ptr<JobLog> log;
};

Task task_with(Run run) {
  Task task;
  task.id = 1;
  task.number = 1;
  task.run = std::move(run);
  return task;
}

std::string command_shown(const Task& task) {
  LogFile file;
  file.log->on(at(0s, RunStarted{"r1", "", Mode::errgroup, nullptr, 1}));
  file.log->on(at(1s, attempt_of(task, ExitStatus::exited(0))));
  file.log->on(at(1s, succeeded(task)));
  const std::string line = file.lines();
  REQUIRE(std::count(line.begin(), line.end(), '\n') == 1);
  REQUIRE(std::count(line.begin(), line.end(), '\t') == 8);
  return line.substr(line.rfind('\t') + 1, line.size() - line.rfind('\t') - 2);
}

// A run on the virtual clock of which only the job log is seen.
class LoggedRun : public RunTest {
 public:
  std::string run_logged(const std::string& yaml) {
    const Folder folder;
    const std::string path = folder / "jobs";
    OutputFile out_file;
    Writer out(runtime, out_file.fd(), "standard output");
    auto log = JobLog::open(runtime, path, out, shell_code);
    REQUIRE(log.has_value());
    const Plan checked = plan(yaml);
    options.processors = 64;
    options.started = WallTime(std::chrono::seconds(1000));
    Runner runner(executor, output, **log, options);
    run(runner.run(background(), background(), checked));
    return read_file(path).substr(kHeader.size());
  }
};

}  // namespace

TEST_CASE("a task that has run is a line in GNU parallel's columns, as soon as it has ended") {
  LogFile file;
  Task task = task_with(Script{"make all"});
  task.number = 7;
  CHECK(file.lines().empty());
  AttemptEnded attempt = attempt_of(task, ExitStatus::exited(2), TaskState::failed, 1234ms);
  attempt.out_bytes = 4711;
  file.log->on(at(2s, attempt));
  CHECK(file.lines().empty());
  file.log->on(at(2s, failed(task, 2)));
  CHECK(file.lines() == "7\t:\t1767323046.444\t     1.234\t0\t4711\t2\t0\tmake all\n");
  CHECK_FALSE(file.loop.run(file.log->finish(file.loop.context)));
}

TEST_CASE("how a process ended is told as GNU parallel tells it") {
  LogFile file;
  const Task task = task_with(Script{"x"});
  const auto outcome = [&](std::optional<ExitStatus> status, TaskState state) {
    return file.outcome(attempt_of(task, status, state), state);
  };
  CHECK(outcome(ExitStatus::exited(0), TaskState::succeeded) == "0\t0");
  CHECK(outcome(ExitStatus::exited(3), TaskState::succeeded) == "3\t0");
  CHECK(outcome(ExitStatus::exited(7), TaskState::failed) == "7\t0");
  CHECK(outcome(ExitStatus::signaled(9), TaskState::failed) == "0\t9");
  CHECK(outcome(ExitStatus::signaled(15), TaskState::timed_out) == "-1\t15");
  CHECK(outcome(ExitStatus::signaled(9), TaskState::canceled) == "-1\t9");
  CHECK(outcome(ExitStatus::exited(7), TaskState::timed_out) == "7\t0");
}

TEST_CASE("what did not succeed never looks as if it had") {
  LogFile file;
  const Task task = task_with(Script{"x"});
  const AttemptEnded fine = attempt_of(task, ExitStatus::exited(0));
  CHECK(file.outcome(fine, TaskState::failed) == "-1\t0");  // its output could not be kept
  CHECK(file.outcome(attempt_of(task, ExitStatus::exited(0), TaskState::canceled),
                     TaskState::canceled) == "-1\t0");
  CHECK(file.outcome(attempt_of(task, std::nullopt, TaskState::canceled), TaskState::canceled) ==
        "-1\t0");
  AttemptEnded missing = attempt_of(task, std::nullopt, TaskState::failed);
  missing.error = Error::make(NotExecutable{"exec 'nosuch': No such file or directory", 127});
  CHECK(file.outcome(missing, TaskState::failed) == "127\t0");
  missing.error = Error::text("no");
  CHECK(file.outcome(missing, TaskState::failed) == "126\t0");
}

TEST_CASE("a command is one line in one column, whatever is in it") {
  CHECK(command_shown(task_with(Script{"a\tb\nc\x01\xff \\n é"})) == "a\\tb\\nc\\x01\\xff \\n é");
  CHECK(command_shown(task_with(Argv{"echo", "a b", "c\td", ""})) == "echo 'a b' 'c\\td' ''");
  const std::string large(100'000, 'x');
  CHECK(command_shown(task_with(Script{large})) == large);
  Task several = task_with(Script{"make"});
  auto policy = std::make_shared<Policy>();
  policy->then = {Argv{"make", "install"}};
  several.policy = policy;
  CHECK(command_shown(several) == "make, then make install");
}

TEST_CASE("secrets are masked in the command") {
  Task task = task_with(Argv{"login", "s3cret word"});
  task.masker = masker_of({"s3cret", "two\nlines"});
  CHECK(command_shown(task) == "login '*** word'");
  task.run = Script{"echo two\nlines"};
  CHECK(command_shown(task) == "echo ***");
}

TEST_CASE("a job log begins anew, or goes on where it should") {
  {
    LogFile file;
    file.log->writer().write("old\n");
  }
  CHECK(read_file(LogFile().path) == kHeader);
  LogFile("+").log->writer().write("1\tcut");
  LogFile("+").log->writer().write("2\twhole\n");
  LogFile("+").log->writer().write("3\n");
  CHECK(read_file(LogFile::folder() / "jobs") == kHeader + "1\tcut\n2\twhole\n3\n");
  std::filesystem::resize_file(LogFile::folder() / "jobs", 0);
  CHECK(read_file(LogFile("+").path) == kHeader);
  std::filesystem::remove(LogFile::folder() / "jobs");
  CHECK(read_file(LogFile("+").path) == kHeader);
}

TEST_CASE("a job log that cannot be opened is named") {
  LogFile file;
  const auto log = JobLog::open(file.loop.runtime, "+/no/such/folder/x", file.out, shell_code);
  REQUIRE_FALSE(log.has_value());
  CHECK(log.error().message() == "joblog '/no/such/folder/x': No such file or directory");
}

TEST_CASE("what shares standard output with the tasks does not glue to a line of theirs") {
  LogFile file;
  auto log = JobLog::open(file.loop.runtime, "-", file.out, shell_code);
  REQUIRE(log.has_value());
  const Task task = task_with(Script{"printf x"});
  file.out.write("x");
  (*log)->on(at(1s, attempt_of(task, ExitStatus::exited(0))));
  (*log)->on(at(1s, succeeded(task)));
  CHECK(file.out_file.text().starts_with(kHeader + "x\n1\t:\t"));
}

TEST_CASE_METHOD(LoggedRun, "of several tries the last one is told, with its own times") {
  executor.attempts["a"] = {{.takes = 2s, .exit_code = 1},
                            {.takes = 3s, .exit_code = 4, .output = "12345"}};
  const std::string lines =
      run_logged("tasks: { a: { run: x, retry: { count: 1, delay: 10s, jitter: none } } }");
  CHECK(lines == "1\t:\t1012.000\t     3.000\t0\t5\t4\t0\tx\n");
}

TEST_CASE_METHOD(LoggedRun, "of hedges there is one line, the winner's") {
  executor.attempts["a"] = {{.takes = 9s, .stops_in = 1s}, {.takes = 2s, .output = "abc"}};
  const std::string lines = run_logged("tasks: { a: { run: x, hedge: { delay: 1s } } }");
  CHECK(lines == "1\t:\t1001.000\t     2.000\t0\t3\t0\t0\tx\n");
}

TEST_CASE_METHOD(LoggedRun,
                 "groups and what never started have no line; what was stopped has one") {
  executor.behaviors["bad"] = {.takes = 2s, .exit_code = 3};
  executor.behaviors["g/long"] = {.takes = 60s, .stops_in = 1s};
  const std::string lines = run_logged(
      "tasks: { g: { tasks: { long: l, fast: f } }, bad: b, next: { needs: g, run: n } }");
  CHECK(lines ==
        "2\t:\t1000.000\t     1.000\t0\t0\t0\t0\tf\n"
        "3\t:\t1000.000\t     2.000\t0\t0\t3\t0\tb\n"
        "1\t:\t1000.000\t     3.000\t0\t0\t-1\t15\tl\n");
}
