// SPDX-License-Identifier: Apache-2.0
#include "errand/executor/local.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "errand/shell/shell_environment.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

class KeptSink final : public OutputSink {
 public:
  Error write(StdStream stream, std::string_view bytes) override {
    (stream == StdStream::out ? out : err).append(bytes);
    return {};
  }
  bool behind() const override { return false; }
  awaitable<void> caught_up(Context) override { co_return; }
  std::string out, err;
};

struct LocalTest : ProcessTest {
  explicit LocalTest(std::vector<std::string> base = {"PATH=/usr/bin:/bin"})
      : executor(reaper(), std::move(base)) {
    task.full_name = "build/lib";
  }
  AttemptResult attempt(Capture capture = Capture::separate) {
    const Attempt one{&task, 2, 3, "run-1"};
    return run(executor.run(background(), background(), one, sink, capture));
  }
  AttemptResult script(std::string text) {
    task.run = Script{std::move(text)};
    return attempt();
  }
  void set_env(std::vector<EnvEntry> entries) {
    task.env = std::make_shared<const std::vector<EnvEntry>>(std::move(entries));
  }
  LocalExecutor executor;
  Task task;
  KeptSink sink;
};

TEST_CASE("a script runs in the task's shell, and stops at its first failure by default") {
  LocalTest test;
  CHECK(test.script("echo one; echo two >&2").status == ExitStatus::exited(0));
  CHECK(test.sink.out == "one\n");
  CHECK(test.sink.err == "two\n");
  CHECK(test.script("false; echo no").status == ExitStatus::exited(1));
  test.task.shell =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"echo", "-n"});
  CHECK(test.script(" three").status == ExitStatus::exited(0));
  CHECK(test.sink.out == "one\n three");
}

TEST_CASE("an argv runs without a shell") {
  LocalTest test;
  test.task.run = Argv{"echo", "$HOME", "*"};
  CHECK(test.attempt().status == ExitStatus::exited(0));
  CHECK(test.sink.out == "$HOME *\n");
}

TEST_CASE(
    "the task's environment wins over the base, null unsets, the last entry of a name counts") {
  LocalTest test(
      {"PATH=/usr/bin:/bin", "A=base", "B=base", "C=base", "C=second", "ERRAND_TASK=outer"});
  test.set_env(
      {{"A", "first"}, {"B", std::nullopt}, {"A", "last"}, {"D", "back"}, {"D", std::nullopt}});
  CHECK(test.script("env | sort | grep -v '^\\(PATH\\|PWD\\|_\\|SHLVL\\|OLDPWD\\)='").status ==
        ExitStatus::exited(0));
  CHECK(test.sink.out ==
        "A=last\nC=base\nERRAND_ATTEMPT=2\nERRAND_RUN_ID=run-1\nERRAND_SLOT=3\nERRAND_TASK=build/"
        "lib\n");
}

TEST_CASE("the number of the slot takes its places in an argv, and nothing else does") {
  LocalTest test;
  test.task.run = Argv{"echo", "{%}{%}", "a{%}", "{%}"};
  auto policy = std::make_shared<Policy>();
  policy->slot_placeholders = {{1, 0}, {1, 3}, {2, 1}};
  test.task.policy = policy;
  CHECK(test.attempt().status == ExitStatus::exited(0));
  CHECK(test.sink.out == "33 a3 {%}\n");
}

TEST_CASE("PWD names the folder that an attempt runs in, with a shell or without") {
  const std::vector<std::string> base = {"PATH=/usr/bin:/bin", "PWD=/elsewhere"};
  for (const char* script : {"printenv PWD", "printenv PWD; true"}) {
    LocalTest test(base);
    test.task.dir = "/usr/lib";
    CHECK(test.script(script).status == ExitStatus::exited(0));
    CHECK(test.sink.out == "/usr/lib\n");
  }
  LocalTest test(base);
  test.task.dir = "/usr";
  test.task.run = Argv{"printenv", "PWD"};
  CHECK(test.attempt().status == ExitStatus::exited(0));
  CHECK(test.sink.out == "/usr\n");
}

TEST_CASE("PWD keeps the name that the folder was given by, where that is right") {
  LocalTest test({"PATH=/usr/bin:/bin", "PWD=/proc/self/root"});
  test.task.dir = "/";
  CHECK(test.script("printenv PWD").status == ExitStatus::exited(0));
  CHECK(test.script("printenv PWD; true").status == ExitStatus::exited(0));
  CHECK(test.sink.out == "/proc/self/root\n/proc/self/root\n");
}

TEST_CASE("PWD follows a link that leads to another folder than before") {
  LocalTest test({"PATH=/usr/bin:/bin", "PWD=/elsewhere"});
  std::string folder = "/tmp/errand-pwd.XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  test.task.dir = folder + "/link";
  std::string expected;
  for (const char* place : {"one", "two"}) {
    REQUIRE(::mkdir((folder + "/" + place).c_str(), 0700) == 0);
    ::unlink(test.task.dir.c_str());
    REQUIRE(::symlink(place, test.task.dir.c_str()) == 0);
    for (int i = 0; i < 2; ++i) {
      CHECK(test.script("printenv PWD").status == ExitStatus::exited(0));
      expected += folder + "/" + place + "\n";
    }
  }
  CHECK(test.sink.out == expected);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a program without a shell gets PWD only if somebody set it, and a task's own as it is") {
  LocalTest test;
  test.task.run = Argv{"printenv", "PWD"};
  CHECK(test.attempt().status == ExitStatus::exited(1));
  test.set_env({{"PWD", "/made/up"}});
  CHECK(test.attempt().status == ExitStatus::exited(0));
  CHECK(test.sink.out == "/made/up\n");
}

TEST_CASE("a plain command does not get variables that a shell would not hand on") {
  for (const char* odd : {"A-B=1", "BASH_FUNC_ls%%=() { echo no; }", "SHELLOPTS=xtrace"}) {
    LocalTest test({"PATH=/usr/bin:/bin", odd});
    const std::string name = std::string(odd).substr(0, std::string(odd).find('='));
    test.script("printenv '" + name + "'");
    LocalTest with_shell({"PATH=/usr/bin:/bin", odd});
    with_shell.script("printenv '" + name + "'; exit $?");
    CHECK(test.sink.out == with_shell.sink.out);
  }
}

TEST_CASE("variables that some sh sets anew need a shell") {
  CHECK(survives_shell({"PATH=/bin", "HOME=/", "_=/bin/errand"}));
  for (const char* name : {"BASH_COMPAT", "IFS", "LINENO", "PPID", "RANDOM"}) {
    INFO(name);
    CHECK_FALSE(survives_shell({"PATH=/bin", std::string(name) + "=5"}));
  }
}

TEST_CASE("programs are looked up in the PATH of the task") {
  LocalTest test;
  test.set_env({{"PATH", "/nowhere"}});
  test.task.run = Argv{"echo"};
  const AttemptResult result = test.attempt();
  CHECK_FALSE(result.status);
  CHECK(result.error.message() == "exec 'echo': No such file or directory");
}

TEST_CASE("what cannot be executed says so, with the shell's codes") {
  LocalTest test;
  const auto failed = [&](std::vector<std::string> argv, std::string dir = "") {
    test.task.run = Argv(std::move(argv));
    test.task.dir = std::move(dir);
    const AttemptResult result = test.attempt();
    CHECK_FALSE(result.status);
    const auto* failure = result.error.as<NotExecutable>();
    return failure ? failure->text + " -> " + std::to_string(failure->shell_code) : "?";
  };
  CHECK(failed({"nosuch"}) == "exec 'nosuch': No such file or directory -> 127");
  CHECK(failed({"/nosuch/x"}) == "exec '/nosuch/x': No such file or directory -> 127");
  CHECK(failed({"./passwd"}, "/etc") == "exec './passwd': Permission denied -> 126");
  CHECK(failed({"true"}, "/nosuch") == "chdir '/nosuch': No such file or directory -> 126");
  CHECK(failed({"true", std::string(3 * 1024 * 1024, 'x')}) ==
        "exec 'true': Argument list too long -> 126");
}

TEST_CASE("the polite signal is the cause's own where it is one, else the task's") {
  for (const bool by_signal : {true, false}) {
    LocalTest test;
    test.task.run = Script{
        "trap 'echo int; exit 1' INT; trap 'echo usr1; exit 2' USR1; echo ready; while :; do sleep "
        "1; done"};
    test.task.kill_signal = SIGUSR1;
    auto [context, cancel] = with_cancel(test.background());
    const Error cause = by_signal ? Error::make(SignalReceived{SIGINT}) : Error::text("enough");
    struct Ready final : OutputSink {
      Error write(StdStream stream, std::string_view bytes) override {
        if (stream == StdStream::out)
          out.append(bytes);  // the shell tells of its child on the other
        if (out == "ready\n") call();
        return {};
      }
      bool behind() const override { return false; }
      awaitable<void> caught_up(Context) override { co_return; }
      std::string out;
      std::function<void()> call;
    } sink;
    sink.call = [&] { cancel(cause); };
    const Attempt one{&test.task, 1, 1, "run-1"};
    const AttemptResult result =
        test.run(test.executor.run(context, test.background(), one, sink, Capture::separate));
    CHECK(result.stopped);
    CHECK(sink.out == (by_signal ? "ready\nint\n" : "ready\nusr1\n"));
    CHECK(result.status == ExitStatus::exited(by_signal ? 1 : 2));
  }
}

}  // namespace
}  // namespace errand::test
