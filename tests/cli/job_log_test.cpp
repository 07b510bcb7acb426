// SPDX-License-Identifier: Apache-2.0
//
// --joblog: a line for each task that has run, as GNU parallel writes it.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "support/cli.h"

namespace errand::test {
namespace {

const std::string kHeader =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  std::size_t begin = 0;
  while (columns.size() < 8) {
    const std::size_t tab = line.find('\t', begin);
    REQUIRE(tab != line.npos);
    columns.push_back(line.substr(begin, tab - begin));
    begin = tab + 1;
  }
  columns.push_back(line.substr(begin));
  return columns;
}

// By Seq, without the two times.
std::map<std::string, std::vector<std::string>> jobs_of(const std::string& log) {
  std::map<std::string, std::vector<std::string>> jobs;
  std::vector<std::string> lines = lines_of(log);
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.front() == kHeader);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::vector<std::string> columns = columns_of(lines[i]);
    columns.erase(columns.begin() + 2, columns.begin() + 4);
    const std::string seq = columns.front();
    CHECK(jobs.emplace(seq, std::move(columns)).second);
  }
  return jobs;
}

std::string commands_in(const std::string& log) {
  std::string commands;
  for (const auto& [seq, columns] : jobs_of(log)) commands += seq + ":" + columns.back() + " ";
  return commands;
}

TEST_CASE("the job log has what GNU parallel's has") {
  const std::string parallel = find_program("parallel");
  CliTest test;
  const std::vector<std::string> commands = {
      "true",           "exit 3",        "kill -9 $$",
      "kill -TERM $$",  "printf abc",    "printf 'x\\n' >&2",
      "printf 'a\\tb'", "nosuchcommand", "echo ' two  blanks'; exit 255"};
  std::vector<std::string> words = {"exec", "-k", "--joblog", "ours", ":::"};
  words.insert(words.end(), commands.begin(), commands.end());
  CHECK(test.run(words).how() == "exit 1");
  const auto ours = jobs_of(test.read("ours"));
  CHECK(ours.size() == commands.size());
  CHECK(ours.at("3") == std::vector<std::string>{"3", ":", "0", "0", "0", "9", "kill -9 $$"});
  if (parallel.empty()) {
    WARN("skipped: GNU parallel is not installed (scripts/setup --bench)");
    return;
  }
  Call theirs{{"exec", "-k", parallel + " --no-notice --joblog theirs <commands"}};
  std::string input;
  for (const std::string& command : commands) input += command + "\n";
  test.write("commands", input);
  test.run(theirs);
  CHECK(ours == jobs_of(test.read("theirs")));
}

TEST_CASE("of several tries the job log has the last, and -1 for one that timed out") {
  CliTest test;
  test.run({"exec", "-k", "--retries", "1", "--task-timeout", "0.2", "--joblog", "ours",
            ":::", "exec sleep 1000", "echo >>tries; test $(wc -l <tries) = 2"});
  const auto ours = jobs_of(test.read("ours"));
  CHECK(ours.at("1")[4] == "-1");
  CHECK(ours.at("1")[5] == "15");
  CHECK(ours.at("2")[4] == "0");
}

TEST_CASE("the job log has the number of an argument, whichever of them run, and in which order") {
  CliTest test;
  CHECK(test.run({"exec", "--joblog", "log", "--skip", "b", "--shuffle=3", "echo {#}", ":::", "a",
                  "b", "c", "d"})
            .how() == "exit 0");
  CHECK(commands_in(test.read("log")) == "1:echo 1 3:echo 3 4:echo 4 ");
  Call stream{{"exec", "--joblog", "log", "--only", "c", "-a", "-", "echo {#}"}};
  stream.input = "a\nb\nc\n";
  CHECK(test.run(stream).how() == "exit 0");
  CHECK(commands_in(test.read("log")) == "3:echo 3 ");
}

TEST_CASE("the job log has a task's place in the file, groups not counted") {
  CliTest test;
  test.write("errand.yaml",
             "tasks: { g: { tasks: { a: echo a, m: { matrix: { x: [1, 2] }, run: 'echo $MATRIX_X' "
             "} } }, z: [echo, z z] }");
  CHECK(test.run({"run", "--joblog", "log"}).how() == "exit 0");
  CHECK(commands_in(test.read("log")) ==
        "1:echo a 2:echo $MATRIX_X 3:echo $MATRIX_X 4:echo 'z z' ");
  CHECK(test.run({"run", "--joblog", "log", "--shuffle=5", "errand.yaml", "z"}).how() == "exit 0");
  CHECK(commands_in(test.read("log")) == "4:echo 'z z' ");
}

TEST_CASE("the job log is opened before anything starts, and not by a dry run") {
  CliTest test;
  const Ended end = test.run({"exec", "--joblog", "no/log", "touch ran"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: joblog 'no/log': No such file or directory"));
  CHECK_FALSE(test.exists("ran"));
  CHECK(test.run({"exec", "--dry-run", "--joblog", "log", "true"}).how() == "exit 0");
  CHECK_FALSE(test.exists("log"));
}

TEST_CASE("a job log on a full disk fails the run and says so, and the tasks run") {
  if (::access("/dev/full", W_OK) != 0) return;
  CliTest test;
  const Ended end = test.run({"exec", "--joblog", "/dev/full", "touch ran"});
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: write to joblog '/dev/full': No space left on device"));
  CHECK(test.exists("ran"));
}

TEST_CASE("a job log replaces an older one, and a + appends") {
  CliTest test;
  for (const char* command : {"echo one", "echo two"})
    test.run({"exec", "--joblog", "log", command});
  CHECK(commands_in(test.read("log")) == "1:echo two ");
  test.run({"exec", "--joblog", "+log", "echo three"});
  const std::vector<std::string> lines = lines_of(test.read("log"));
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].ends_with("\techo three"));
}

TEST_CASE("a run that cannot have its reports leaves the job log as it was") {
  CliTest test;
  test.write("log", "old\n");
  const Ended end = test.run({"exec", "--joblog", "log", "--report", "json=no/x", "true"});
  CHECK(end.how() == "exit 125");
  CHECK(test.read("log") == "old\n");
}

TEST_CASE("a run that goes on with an earlier one goes on with its job log") {
  for (const std::string again : {"--resume", "--failed"}) {
    CAPTURE(again);
    CliTest test;
    test.write("log", "old\n");
    const std::string yaml = "tasks: { a: 'true', b: test -e fixed }";
    CHECK(test.run_yaml(yaml, {"-j1", "--joblog", "log"}).how() == "exit 1");
    test.write("fixed", "");
    CHECK(test.run_yaml(yaml, {"-j1", "--joblog", "log", again}).how() == "exit 0");
    const std::vector<std::string> lines = lines_of(test.read("log"));
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == kHeader);
    CHECK(columns_of(lines[2])[6] == "1");
    CHECK(columns_of(lines[3])[6] == "0");
  }
  CliTest shown;
  shown.write("-", "a file\n");
  CHECK(shown.run_yaml("tasks: { a: test -e fixed }", {"-q"}).how() == "exit 1");
  shown.write("fixed", "");
  CHECK(shown.run({"run", "-q", "--failed", "--joblog", "-"}).out.starts_with(kHeader));
}

TEST_CASE("[F4.7] two outputs in one file leave it as it was") {
  CliTest test;
  const auto said = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"exec", "-q"});
    args.push_back("echo ran >>ran");
    const Ended end = test.run(std::move(args));
    CHECK(end.how() == "exit 125");
    return end.err;
  };
  test.write("x", "old\n");
  CHECK(said({"--joblog", "x", "--report", "json=./x"}) ==
        "errand: --joblog and --report json both write to './x'; give each its own "
        "file\n");
  CHECK(said({"--joblog", "+x", "--report", "html=x"}) ==
        "errand: --joblog and --report html both write to 'x'; give each its own file\n");
  CHECK(said({"--report", "json=y", "--report", "junit=y"}) ==
        "errand: --report json and --report junit both write to 'y'; give each its own "
        "file\n");
  CHECK(test.read("x") == "old\n");
  CHECK_FALSE(std::filesystem::exists(test / "ran"));
  CHECK(said({"--joblog", "-", "--report", "json=-"}) ==
        "errand: --joblog and --report json both write to standard output; give each its own "
        "file\n");
  CHECK(test.run({"exec", "-q", "--joblog", "/dev/null", "--report", "json=/dev/null", "true"})
            .how() == "exit 0");
}

TEST_CASE("the job log goes to standard output, a descriptor or a pipe as well") {
  CliTest test;
  const Ended out = test.run({"exec", "-q", "--joblog", "-", "printf x"});
  CHECK(contains(out.out, kHeader + "\n"));
  CHECK(contains(out.out, "\tprintf x\n"));
  CHECK(test.run({"exec", "exec 3>log; " ERRAND_BINARY " exec --joblog /dev/fd/3 true"}).how() ==
        "exit 0");
  CHECK(commands_in(test.read("log")) == "1:true ");
  REQUIRE(::mkfifo((test / "pipe").c_str(), 0600) == 0);
  CHECK(
      test.run({"exec", "-j2", "cat pipe >copy", ERRAND_BINARY " exec --joblog pipe true"}).how() ==
      "exit 0");
  CHECK(commands_in(test.read("copy")) == "1:true ");
}

TEST_CASE("a kill of errand loses no line of what has ended") {
  CliTest test;
  const auto errand = test.start({{"exec", "-j1", "--joblog", "log", "echo a", "exit 0",
                                   "echo ready >$MARKS; exec sleep 1000"}});
  errand->await_mark("ready");
  errand->signal(SIGKILL);
  errand->finish_killed();
  CHECK(commands_in(test.read("log")) == "1:echo a 2:exit 0 ");
}

TEST_CASE("secrets and control characters do not get into the job log") {
  CliTest test;
  test.run_yaml(
      "secrets: [TOKEN]\nenv: { TOKEN: hunter2 }\n"
      "tasks: { a: \"echo hunter2 \\e[31m\\n\\ttrue\" }",
      {"--joblog", "log"});
  CHECK(commands_in(test.read("log")) == "1:echo *** \\e[31m\\n\\ttrue ");
}

TEST_CASE("ERRAND_JOBLOG and ERRAND_RESULTS are options, which tasks do not see") {
  CliTest test;
  Call call{{"exec", "env | grep -c '^ERRAND_[JR][OE][BS]' || true"}};
  call.env = {"ERRAND_JOBLOG=log", "ERRAND_RESULTS=results"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "0\n"));
  CHECK(test.exists("log"));
  CHECK(test.exists("results"));
}

}  // namespace
}  // namespace errand::test
