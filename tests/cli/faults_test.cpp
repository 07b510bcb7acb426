// SPDX-License-Identifier: Apache-2.0
//
// What the system refuses: each fault is told clearly, and the other tasks go on as if nothing
// were.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "support/cli.h"

namespace errand::test {
namespace {

std::vector<std::string> with_limits(const std::string& limits) {
  return {"sh", "-c", "ulimit " + limits + " && exec \"$0\" \"$@\""};
}

std::string many_tasks(int count, const std::string& run) {
  std::string yaml = "tasks:\n";
  for (int i = 0; i < count; ++i) yaml += "  t" + std::to_string(i) + ": " + run + "\n";
  return yaml;
}

TEST_CASE(
    "200 tasks at once under a limit of 64 descriptors all run, and errand says why they wait") {
  CliTest test;
  test.write("errand.yaml", many_tasks(200, "echo $ERRAND_TASK"));
  Call call{{"run", "-j", "200"}};
  call.prefix = with_limits("-n 64");
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(count(end.out, "\n") == 200);
  CHECK(count(end.err, "the limit of open files (ulimit -n) is reached") == 1);
}

TEST_CASE("thousands of tasks run at once, and all are gone after a signal") {
  constexpr int kTasks = kSanitized ? 300 : 5000;
  struct rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < 4 * kTasks) {
    WARN("skipped: needs a hard limit of " << 4 * kTasks << " descriptors");
    return;
  }
  CliTest test;
  test.write("errand.yaml", many_tasks(kTasks, "sleep 1000"));
  const auto errand = test.start(
      {{"run", "-j", "0", "-q", "--report", "events=-", "--report", "json=report.json"}});
  errand->await_output("\"attempt_started\",\"task\":\"t" + std::to_string(kTasks - 1) + "\"");
  errand->signal(SIGTERM);
  CHECK(errand->finish().signal == SIGTERM);
  CHECK(count(test.read("report.json"), "\"status\": \"canceled\"") +
            count(test.read("report.json"), "\"status\":\"canceled\"") >
        kTasks);
}

TEST_CASE("tasks that wait for descriptors can be canceled") {
  CliTest test;
  test.write(
      "errand.yaml",
      "mode: aggregate\n" + many_tasks(60, "exec 9>$HELD; echo ready >$MARKS; exec sleep 1000"));
  Call call{{"run", "-j", "0"}};
  call.prefix = with_limits("-n 40");
  const auto errand = test.start(call);
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  const Ended end = errand->finish();
  CHECK(end.signal == SIGTERM);
  CHECK(contains(end.err, "60 tasks: 60 canceled in "));
  CHECK_FALSE(test.held());
}

TEST_CASE("what needs a service does not wait for ever where only services have found room") {
  CliTest test;
  std::string yaml = "mode: aggregate\ntasks:\n";
  for (int i = 0; i < 60; ++i) {
    yaml += "  s" + std::to_string(i) + ": { run: sleep 1000, service: true }\n";
  }
  test.write("errand.yaml", yaml + "  work: { run: echo worked, needs: [s0] }\n");
  Call call{{"run"}};
  call.prefix = with_limits("-n 40");
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, ": failed: "));
  CHECK(contains(end.err, "Too many open files"));
}

TEST_CASE("a timeout counts for a task that waits for descriptors") {
  CliTest test;
  std::string yaml = "mode: aggregate\n" + many_tasks(30, "exec sleep 1000");
  test.write("errand.yaml", yaml);
  Call call{{"run", "-j", "0", "--timeout", "1s"}};
  call.prefix = with_limits("-n 40");
  CHECK(test.run(call).how() == "exit 124");
}

TEST_CASE("tasks wait for each other where the system lets no more processes run") {
  if (::getuid() != 0 || find_program("setpriv").empty() || find_program("prlimit").empty()) {
    WARN("skipped: the limit does not count for root, and nobody else can be had");
    return;
  }
  CliTest test;
  test.write("errand.yaml", many_tasks(40, "sleep 0.05; echo $ERRAND_TASK"));
  REQUIRE(::chown(test.path().c_str(), 64321, 64321) == 0);
  Call call{{"run", "-j", "0", "errand.yaml"}};
  call.env = {"TMPDIR=/tmp"};
  call.prefix = {"setpriv",         "--reuid=64321", "--regid=64321", "--clear-groups",
                 "--inh-caps=-all", "prlimit",       "--nproc=12"};
  const Ended end = test.run(call);
  // A shell of ours may find no room for its own children: that is the task's failure, not
  // errand's.
  CHECK(contains(end.err, "the limit of processes (ulimit -u) is reached"));
  CHECK_FALSE(contains(end.err, "clone:"));
  CHECK(contains(end.err, "40 tasks: "));
}

TEST_CASE(
    "a folder that was deleted under errand does no harm to tasks with a folder of their own") {
  CliTest test;
  test.write("gone/x", "");
  test.write("errand.yaml", "tasks: { a: pwd }");
  Call call{{"run", test / "errand.yaml"}};
  call.prefix = {"sh", "-c", "cd gone && rm x && rmdir ../gone && exec \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == test.path() + "\n");
}

TEST_CASE("a task whose folder is not there says so") {
  CliTest test;
  const Ended end =
      test.run_yaml("mode: aggregate\ntasks: { a: { run: pwd, dir: gone }, b: echo b }");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "a: failed: chdir 'gone': No such file or directory"));
  CHECK(end.out == "b\n");
}

TEST_CASE("with an empty PATH programs are not found, and say so") {
  CliTest test;
  test.write("errand.yaml", "mode: aggregate\ntasks: { a: [ls], b: [/bin/echo, b] }");
  Call call{{"run"}};
  call.env = {"PATH="};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "a: failed: exec 'ls': No such file or directory"));
  CHECK(end.out == "b\n");
}

TEST_CASE("an argument of a megabyte is refused by the system, and the task says so") {
  CliTest test;
  test.write("errand.json", R"({"mode": "aggregate", "tasks": {"a": ["echo", ")" +
                                std::string(1024 * 1024, 'x') + R"("], "b": "echo b"}})");
  const Ended end = test.run({"run", "errand.json"});
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "a: failed: exec 'echo': Argument list too long"));
  CHECK(contains(end.out, "b\n"));
}

TEST_CASE("[F4.14] a temporary folder that cannot be used costs no task its success") {
  CliTest test;
  test.write("errand.yaml",
             "mode: aggregate\ntasks: { big: head -c 9000000 /dev/zero, small: echo small }");
  Call call{{"run"}};
  call.env = {"TMPDIR=" + (test / "nowhere")};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out.size() == 9'000'000 + std::string("small\n").size());
}

TEST_CASE("a report on a full disk fails the run and says so, and the tasks run") {
  if (::access("/dev/full", W_OK) != 0) return;
  CliTest test;
  for (const char* kind : {"json", "events"}) {
    CAPTURE(kind);
    const Ended end =
        test.run_yaml("tasks: { a: echo a }", {"--report", std::string(kind) + "=/dev/full"});
    CHECK(end.how() == "exit 125");
    CHECK(contains(end.err, "No space left on device"));
    CHECK(end.out == "a\n");
  }
}

// Few enough for a test of seconds; ten times as much takes no more memory.
TEST_CASE("much output takes little memory") {
  CliTest test;
  const std::string zeros = "head -c 1000000000 /dev/zero";
  const std::string lines = "yes one line of output | head -c 100000000";
  for (const std::string& mode : {std::string("quiet"), std::string("live"), std::string("raw")}) {
    CAPTURE(mode);
    test.write("errand.yaml", "tasks: { a: " + (mode == "live" ? lines : zeros) + " }");
    Call call{{"run", "-o", mode}};
    call.out_file = "/dev/null";
    const Ended end = test.run(call);
    CHECK(end.how() == "exit 0");
    if (!kSanitized) CHECK(end.peak_kib < 40 * 1024);
  }
}

TEST_CASE("where orphans cannot be adopted errand says so and runs") {
  const std::string strace = find_program("strace");
  if (strace.empty() || kSanitized) {
    WARN("skipped: needs strace, and a program without sanitizers");
    return;
  }
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo a }");
  Call call{{"run", "-v"}};
  call.prefix = {strace, "-qq",         "-o", test / "trace",
                 "-e",   "trace=prctl", "-e", "inject=prctl:error=EINVAL"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "a\n");
  CHECK(contains(end.err, "warning: cannot adopt orphans"));
  CHECK(contains(end.err, "no subreaper"));
}

// The number of the first read from a task's pipe, which alone takes so large a buffer; 0: none.
int first_read_of_output(const CliTest& test, bool injected) {
  std::istringstream lines(test.read("trace"));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("read(")) continue;
    ++number;
    if (contains(line, ", 262144)") && (!injected || contains(line, "INJECTED"))) return number;
  }
  return 0;
}

TEST_CASE("a task's output that cannot be read is told as that, and not as the task's SIGPIPE") {
  const std::string strace = find_program("strace");
  if (strace.empty() || kSanitized) {
    WARN("skipped: needs strace, and a program without sanitizers");
    return;
  }
  CliTest test;
  test.write("errand.yaml", "mode: aggregate\ntasks: { a: exec yes }");
  const auto run = [&](const std::string& fault) {
    Call call{{"run", "-o", "quiet", "--timeout", "2s"}};
    call.prefix = {strace, "-qq", "-o", test / "trace", "-e", "trace=read"};
    if (!fault.empty()) call.prefix.insert(call.prefix.end(), {"-e", "inject=read:error=" + fault});
    return test.run(call);
  };
  CHECK(run("").how() == "exit 124");
  const int place = first_read_of_output(test, false);
  REQUIRE(place > 0);
  const Ended end = run("EIO:when=" + std::to_string(place));
  REQUIRE(first_read_of_output(test, true) == place);
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "a: failed: read its output: Input/output error"));
  CHECK_FALSE(contains(end.err, "SIGPIPE"));
}

TEST_CASE("a SIGCHLD that whoever started errand left blocked does not hang it") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo a }");
  Call call{{"run"}};
  call.prefix = {"env", "--block-signal=CHLD"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "a\n");
}

// What sudo runs: a program that has become root, in real earnest, among the tasks of somebody
// else.
struct SudoTest : CliTest {
  SudoTest() {
    const std::string become_root = *this / "become-root";
    std::filesystem::copy_file(find_program("setpriv"), become_root);
    REQUIRE(::chmod(become_root.c_str(), 04755) == 0);
    REQUIRE(::chown(path().c_str(), 64321, 64321) == 0);
    make_gate("gate");
    call.prefix = {"setpriv", "--reuid=64321", "--regid=64321", "--clear-groups",
                   "--inh-caps=-all"};
    call.streams = Streams::together;
  }
  static bool possible() {
    if (::getuid() == 0 && !find_program("setpriv").empty()) return true;
    WARN("skipped: nobody but root can make a program that others may not signal");
    return false;
  }
  Call call{{"run", "errand.yaml"}};
};

TEST_CASE("a task that may not be signaled is named at once, and nobody waits for it") {
  if (!SudoTest::possible()) return;
  SudoTest test;
  test.write("errand.yaml", R"(
grace: 1h
tasks:
  a: [./become-root, --reuid=0, --regid=0, --clear-groups, sh, -c, 'echo ready >$MARKS; read x <gate']
)");
  const auto errand = test.start(test.call);
  errand->await_mark("ready");
  errand->signal(SIGTERM);
  errand->await_output("may not be signaled and runs on: sh -c ");
  test.open_gate("gate");
  const Ended end = errand->finish_killed();
  CHECK(end.signal == SIGTERM);
  CHECK(contains(end.out, "a: canceled: received SIGTERM"));
  CHECK_FALSE(contains(end.out, "left behind"));
}

TEST_CASE("what a task has left behind and may not be signaled is not said to be stopped") {
  if (!SudoTest::possible()) return;
  SudoTest test;
  test.write("errand.yaml", R"(
tasks:
  a: >-
    ./become-root --reuid=0 --regid=0 --clear-groups
    setsid -f sh -c 'exec >/dev/null 2>&1; echo ready >$MARKS; read x <gate'; read x <own
)");
  test.make_gate("own");
  REQUIRE(::chmod((test / "own").c_str(), 0666) == 0);
  const auto errand = test.start(test.call);
  errand->await_mark("ready");
  test.open_gate("own");
  errand->await_output("left behind, may not be signaled and runs on: sh -c ");
  test.open_gate("gate");
  const Ended end = errand->finish_killed();
  CHECK(contains(end.out, "1 task: 1 succeeded"));
  CHECK_FALSE(contains(end.out, "stopped what"));
}

TEST_CASE("-v says which of its safeguards the system refuses") {
  const std::string strace = find_program("strace");
  if (strace.empty() || kSanitized) {
    WARN("skipped: needs strace, and a program without sanitizers");
    return;
  }
  CliTest test;
  test.write("errand.yaml", "tasks: { a: echo a }");
  Call call{{"run", "-v"}};
  CHECK(contains(test.run(call).err,
                 "process groups, subreaper, pidfd, parent-death signal, guardian"));
  call.prefix = {strace, "-qq", "-o", test / "trace", "-e", "inject=pidfd_open:error=ENOSYS"};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.err, "subreaper, no pidfd, parent-death signal"));
}

// A group of processes that may use little memory, where this machine lets us make one.
class TightGroup {
 public:
  TightGroup() {
    const std::string name = "/errand-test-" + std::to_string(::getpid());
    for (const auto& [root, limit] : {std::pair("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                                      std::pair("/sys/fs/cgroup", "memory.max")}) {
      if (::access((std::string(root) + "/cgroup.procs").c_str(), W_OK) != 0) continue;
      path_ = root + name;
      if (::mkdir(path_.c_str(), 0755) == 0) {
        std::ofstream file(path_ + "/" + limit);
        if (file << "30000000" << std::flush) return;
        ::rmdir(path_.c_str());
      }
    }
    path_.clear();
  }
  TightGroup(const TightGroup&) = delete;
  TightGroup& operator=(const TightGroup&) = delete;
  ~TightGroup() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  // The file that takes processes in; empty: there is no such group.
  std::string entry() const { return path_.empty() ? path_ : path_ + "/cgroup.procs"; }

 private:
  std::string path_;
};

TEST_CASE("a task that the kernel kills for want of memory is named so, another one is not") {
  const TightGroup group;
  if (group.entry().empty()) {
    WARN("skipped: needs a memory cgroup that can be made here");
    return;
  }
  CliTest test;
  const Ended end =
      test.run_yaml("mode: aggregate\njobs: 1\ntasks:\n  large: |\n    echo $$ >" + group.entry() +
                    "\n    x=$(tr '\\0' x </dev/zero)\n  killed: kill -9 $$\n");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "large: failed: killed by SIGKILL (out of memory) in "));
  CHECK(contains(end.err, "killed: failed: killed by SIGKILL in "));
}

TEST_CASE("signals that mean nothing change nothing") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml("tasks: { a: echo ready >$MARKS; read line <gate; exit 5 }");
  errand->await_mark("ready");
  for (int i = 0; i < 20; ++i) {
    for (const int number : {SIGCHLD, SIGCONT, SIGWINCH, SIGURG, SIGPIPE}) errand->signal(number);
  }
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 5");
}

TEST_CASE("a descriptor that errand was started with reaches no task, and no task has another's") {
  CliTest test;
  // Many at once, each with its own pipes; one more descriptor in any of them is a leak.
  test.write("errand.yaml", many_tasks(100, "[" ERRAND_PROBE ", descriptors]"));
  Call call{{"run", "-j", "50"}};
  call.prefix = {"sh", "-c", "exec 7</dev/null 8>/dev/null && exec \"$0\" \"$@\""};
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 0");
  // 3 and 4 are the tokens that all share (see MAKEFLAGS).
  CHECK(count(end.out, "0 1 2 3 4\n") == 100);
}

}  // namespace
}  // namespace errand::test
