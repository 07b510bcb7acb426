// SPDX-License-Identifier: Apache-2.0
//
// What an attempt does beyond running one command: what the task's policy asks for.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "errand/executor/local.h"
#include "support/folder.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

class KeptSink final : public OutputSink {
 public:
  Error write(StdStream, std::string_view bytes) override {
    text.append(bytes);
    if (on_write) on_write();
    return {};
  }
  bool behind() const override { return false; }
  awaitable<void> caught_up(Context) override { co_return; }
  std::string text;
  std::function<void()> on_write;
};

struct PolicyTest : ProcessTest, Folder {
  PolicyTest() : executor(reaper(), {"PATH=/usr/bin:/bin"}), context(with_cancel(background())) {
    task.dir = path();
  }
  AttemptResult attempt(Capture capture = Capture::merged) {
    task.policy = std::make_shared<const Policy>(policy);
    const Attempt one{&task, 1, 1, "run-1"};
    return run(executor.run(context.first, background(), one, sink, capture));
  }
  AttemptResult script(std::string text) {
    task.run = Script{std::move(text)};
    return attempt();
  }
  void then(std::vector<std::string> scripts) {
    for (std::string& text : scripts) policy.then.emplace_back(Script{std::move(text)});
  }
  Error probe(decltype(ReadyRule::check) check) {
    policy.ready = ReadyRule{std::move(check)};
    task.policy = std::make_shared<const Policy>(policy);
    const Attempt one{&task, 1, 1, "run-1"};
    return run(executor.probe(context.first, background(), one));
  }
  using ProcessTest::run;

  LocalExecutor executor;
  std::pair<Context, CancelFn> context;
  Task task;
  Policy policy;
  KeptSink sink;
};

// ---- several commands

TEST_CASE("commands run one after another in one attempt, to the same output") {
  PolicyTest test;
  test.then({"echo two; echo $ERRAND_ATTEMPT", "echo three; exit 7"});
  const AttemptResult result = test.script("echo one");
  CHECK(result.status == ExitStatus::exited(7));
  CHECK_FALSE(result.error);  // the last one's status is the task's to judge
  CHECK(test.sink.text == "one\ntwo\n1\nthree\n");
}

TEST_CASE("the first command that fails ends the sequence, and is named") {
  PolicyTest test;
  test.then({"exit 3", "echo never"});
  test.policy.success_exit_codes = {0, 3};  // good for the last one only
  AttemptResult result = test.script("echo one");
  CHECK(result.status == ExitStatus::exited(3));
  CHECK(result.error.message() == "command 2 of 3: exit 3");
  CHECK(test.sink.text == "one\n");
  test.policy.then[0] = Script{"kill -9 $$"};
  CHECK(test.attempt().error.message() == "command 2 of 3: killed by SIGKILL");
  test.policy.then[0] = Argv{"nosuch"};
  result = test.attempt();
  CHECK_FALSE(result.status);
  CHECK(result.error.message() == "command 2 of 3: exec 'nosuch': No such file or directory");
  REQUIRE(result.error.as<NotExecutable>());
  CHECK(result.error.as<NotExecutable>()->shell_code == 127);
}

TEST_CASE("a lone command is not named by its number") {
  PolicyTest test;
  CHECK_FALSE(test.script("exit 3").error);
  test.task.run = Argv{"nosuch"};
  CHECK(test.attempt().error.message() == "exec 'nosuch': No such file or directory");
}

TEST_CASE("a cancel stops the running command and starts none after it") {
  PolicyTest test;
  test.then({"echo never"});
  test.sink.on_write = [&] { test.context.second(Error::text("enough")); };
  const AttemptResult result =
      test.script("trap 'exit 0' TERM; echo ready; while :; do sleep 1; done");
  CHECK(result.stopped);
  CHECK(result.status == ExitStatus::exited(0));
  CHECK_FALSE(result.error);
  CHECK_FALSE(contains(test.sink.text, "never"));
}

TEST_CASE("a cancel at the end of a command starts no further one, and counts as stopped") {
  PolicyTest test;
  test.then({"echo never"});
  // The last words are often read only when it has ended.
  test.sink.on_write = [&] { test.context.second(Error::text("enough")); };
  const AttemptResult result = test.script("echo last words; exit 0");
  CHECK(result.status);
  CHECK(test.sink.text == "last words\n");
  CHECK(result.stopped);
}

TEST_CASE("nothing is started once the context is done, and that is no error of the task") {
  PolicyTest test;
  test.context.second(Error::text("enough"));
  const AttemptResult result = test.script("echo never");
  CHECK_FALSE(result.status);
  CHECK_FALSE(result.error);
  CHECK(test.sink.text == "");
}

TEST_CASE("what commands use adds up") {
  PolicyTest test;
  const char* const busy = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done";
  const Usage one = test.script(busy).usage;
  test.then({busy, busy, busy, busy});
  const Usage five = test.attempt().usage;
  CHECK(one.user > Duration());
  CHECK(five.user + five.system > (one.user + one.system) * 2);
  CHECK(five.rss_bytes_max < one.rss_bytes_max * 3);
}

// ---- what it is given

TEST_CASE("the input is empty, or the file that the task names") {
  PolicyTest test;
  CHECK(test.script("cat").status == ExitStatus::exited(0));
  test.write("input", "line\n");
  test.policy.input = {Input::Kind::file, "input"};
  CHECK(test.script("cat").status == ExitStatus::exited(0));
  CHECK(test.sink.text == "line\n");
  test.policy.input.path = "nosuch";
  const AttemptResult result = test.script("cat");
  CHECK_FALSE(result.status);
  CHECK(result.error.message() == "open 'nosuch': No such file or directory");
}

TEST_CASE("a task may have its own niceness and limits") {
  PolicyTest test;
  test.policy.nice = ::getpriority(PRIO_PROCESS, 0) + 1;
  test.policy.resource_limits = {{RLIMIT_NOFILE, 50}};
  test.script("nice; ulimit -n");
  CHECK(test.sink.text == std::to_string(*test.policy.nice) + "\n50\n");
}

TEST_CASE("a task that wants more memory than it may have is refused it") {
  PolicyTest test;
  const char* const greedy = "head -c 100000000 /dev/zero | tail >/dev/null";  // tail keeps it all
  CHECK(test.script(greedy).status == ExitStatus::exited(0));
  test.policy.memory_bytes_max = 20'000'000;
  CHECK_FALSE(test.script(greedy).status->success());
  CHECK(test.script("true").status == ExitStatus::exited(0));
}

TEST_CASE("of two limits of memory the smaller counts") {
  PolicyTest test;
  test.policy.resource_limits = {{RLIMIT_DATA, 40'960'000}};
  test.policy.memory_bytes_max = 81'920'000;
  test.script("ulimit -d");
  test.policy.memory_bytes_max = 20'480'000;
  test.script("ulimit -d");
  CHECK(test.sink.text == "40000\n20000\n");
}

TEST_CASE("a task may have a terminal of its own, but not where it writes to ours") {
  PolicyTest test;
  test.policy.tty = true;
  CHECK(test.script("test -t 0; test -t 1; test -t 2; echo tty").status == ExitStatus::exited(0));
  CHECK(test.sink.text == "tty\n");
  test.policy.input = {Input::Kind::file, "input"};
  test.write("input", "line\n");
  CHECK(test.script("cat; test -t 1").status == ExitStatus::exited(0));
  CHECK(test.sink.text == "tty\nline\n");
  test.task.run = Argv{ERRAND_PROBE, "exit", "0"};
  CHECK(test.attempt(Capture::inherit).status == ExitStatus::exited(0));
}

// ---- ready checks

// Somebody who listens at 127.0.0.1.
struct Listener {
  explicit Listener(int backlog) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (backlog >= 0) REQUIRE(::listen(fd.get(), backlog) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = std::to_string(ntohs(address.sin_port));
  }
  UniqueFd fd;
  std::string port;
};

TEST_CASE("a service that accepts connections is ready") {
  PolicyTest test;
  const Listener listener(5);
  for (const char* host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"}) {
    CAPTURE(host);
    CHECK(test.probe(ReadyRule::Tcp{host, listener.port}).message() == "");
  }
  const UniqueFd accepted(::accept(listener.fd.get(), nullptr, nullptr));
  char byte = 0;
  CHECK(::read(accepted.get(), &byte, 1) == 0);  // closed at once
}

TEST_CASE("a service that refuses connections is not ready, and the error says so") {
  PolicyTest test;
  const Listener closed(-1);  // the port is taken, nobody listens
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    CHECK(test.probe(ReadyRule::Tcp{host, closed.port}).message() ==
          "connect " + host + ":" + closed.port + ": Connection refused");
  }
}

TEST_CASE("a name that does not exist is an error of the check") {
  PolicyTest test;
  const std::string message = test.probe(ReadyRule::Tcp{"no.such.invalid", "80"}).message();
  CHECK(message.starts_with("connect no.such.invalid:80: "));
  CHECK(test.probe(ReadyRule::Tcp{"127.0.0.1", "no-such-service"})
            .message()
            .starts_with("connect 127.0.0.1:no-such-service: "));
}

TEST_CASE("a check that gets no answer ends with its context") {
  PolicyTest test;
  const Listener full(0);
  const UniqueFd waiting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(full.fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  REQUIRE(::connect(waiting.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  Timer enough(test.runtime(), [&] { test.context.second(Error::text("enough")); });
  enough.set_after(20ms);
  const Error error = test.probe(ReadyRule::Tcp{"127.0.0.1", full.port});
  CHECK(error.is(Canceled));
  CHECK(test.probe(ReadyRule::Tcp{"127.0.0.1", full.port}).is(Canceled));  // at once now
}

TEST_CASE("a command that succeeds says that the service is ready, in the task's surroundings") {
  PolicyTest test;
  test.task.env =
      std::make_shared<const std::vector<EnvEntry>>(std::vector<EnvEntry>{{"STATE", "up"}});
  test.write("here", "");
  CHECK(
      test.probe(ReadyRule::Exec{Script{"test $STATE = up; test -e here; echo noise"}}).message() ==
      "");
  CHECK(test.probe(ReadyRule::Exec{Script{"echo noise >&2; exit 2"}}).message() == "exit 2");
  CHECK(test.probe(ReadyRule::Exec{Argv{"nosuch"}}).message() ==
        "exec 'nosuch': No such file or directory");
  CHECK(test.sink.text == "");
}

TEST_CASE("a command that checks is stopped and gone when its context is done") {
  PolicyTest test;
  Timer enough(test.runtime(), [&] { test.context.second(Error::text("enough")); });
  enough.set_after(20ms);
  CHECK(test.probe(ReadyRule::Exec{Script{"sleep 300 & sleep 300"}}).is(Canceled));
}

TEST_CASE("what is seen in the output is no matter of a check from outside") {
  PolicyTest test;
  CHECK_FALSE(test.probe(ReadyRule::Log{"ready"}));
}

// ---- jobserver

TEST_CASE("tasks inherit the jobserver, and a killed one's tokens come back") {
  PolicyTest test;
  Result<JobserverPipe> pipe = make_jobserver(3);
  REQUIRE(pipe);
  Jobserver jobserver(test.runtime(), std::move(*pipe), 3);
  test.executor.use_jobserver(jobserver);
  test.script("head -c 1 <&3 >taken; kill -9 $$");
  CHECK(test.read("taken") == "+");
  test.script("head -c 2 <&3");
  CHECK(test.sink.text == "++");
}

}  // namespace
}  // namespace errand::test
