// SPDX-License-Identifier: Apache-2.0
//
// What a task may ask for its attempts: several commands, input, limits, a check that it is ready.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "errand/io/unique_fd.h"
#include "support/cli.h"

namespace errand::test {
namespace {

TEST_CASE("commands run one after another, and the first that fails decides") {
  CliTest test;
  const Ended end = test.run_yaml(
      "tasks: { a: { cmds: [echo one, [echo, two], 'echo three; exit 3', echo four] } }");
  CHECK(end.how() == "exit 3");
  CHECK(end.out == "one\ntwo\nthree\n");
}

TEST_CASE("a failure that the task allows is none in the middle of its commands") {
  CliTest test;
  const Ended end = test.run_yaml(
      "tasks: { a: { cmds: ['exit 3', echo two], success_exit_codes: [0, 3] }, "
      "b: { cmds: [echo one, 'exit 3'], success_exit_codes: [0, 3] } }",
      {"-k"});
  CHECK(end.how() == "exit 1");
  CHECK(end.out == "one\n");
  CHECK(contains(end.err, "a: command 1 of 2: exit 3"));
}

TEST_CASE("a command of several that cannot be executed is named by its number") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { cmds: [echo one, [nosuch]] } }");
  CHECK(end.how() == "exit 127");
  CHECK(contains(end.err, "a: command 2 of 2: exec 'nosuch': No such file or directory"));
}

TEST_CASE("the timeout of a task is for all of its commands together") {
  CliTest test;
  const Ended end =
      test.run_yaml("tasks: { a: { cmds: [echo one, sleep 1000, echo two], timeout: 100ms } }");
  CHECK(end.how() == "exit 124");
  CHECK(end.out == "one\n");
}

TEST_CASE("a task reads nothing, the file that it names, or what errand was given") {
  CliTest test;
  test.write("sub/words", "from a file\n");
  test.write("errand.yaml", R"(
jobs: 1
tasks:
  nothing: cat
  file: { run: cat, dir: sub, stdin: words }
  ours: { run: cat, stdin: inherit }
)");
  Call call{{"run", "errand.yaml", "-q"}};
  call.input = "from errand\n";
  CHECK(test.run(call).out == "from a file\nfrom errand\n");
}

TEST_CASE("an input that is missing fails the task and names the file") {
  CliTest test;
  const Ended end = test.run_yaml("tasks: { a: { run: cat, stdin: nosuch } }");
  CHECK(end.how() == "exit 126");
  CHECK(contains(end.err, "a: open 'nosuch': No such file or directory"));
}

TEST_CASE("niceness and limits hold for the task that has them, and for no other") {
  CliTest test;
  const Ended end = test.run_yaml(R"yaml(
jobs: 1
tasks:
  a: { run: 'nice; ulimit -n; ulimit -d', nice: 7, rlimit: { nofile: 77 }, max_memory: 100M }
  b: 'test "$(nice)" != 7; test "$(ulimit -n)" != 77; ulimit -d'
)yaml");
  CHECK(end.how() == "exit 0");
  CHECK(end.out == "7\n77\n102400\nunlimited\n");
}

TEST_CASE("a niceness that the system refuses fails the task, and says so") {
  CliTest test;
  test.write("errand.yaml", "tasks: { a: { run: 'true', nice: -5 } }");
  Call call{{"run"}};
  if (::geteuid() == 0) {
    if (find_program("setpriv").empty()) return;
    call.prefix = {"setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"};
  }
  const Ended end = test.run(call);
  CHECK(end.how() == "exit 126");
  CHECK(contains(end.err, "a: set nice: Permission denied"));
}

TEST_CASE("a task that wants more memory than it may have fails by itself") {
  CliTest test;
  const Ended end = test.run_yaml(
      "tasks: { a: { run: 'head -c 100000000 /dev/zero | tail -c 99999999 >/dev/null', max_memory: "
      "20M } }");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "memory"));  // tail's own words
}

TEST_CASE("who needs a service starts once its check succeeds") {
  CliTest test;
  test.make_gate("gate");
  const auto errand = test.start_yaml(R"(
tasks:
  server:
    run: echo starting >$MARKS; read line <gate; touch up; exec sleep 1000
    service: true
    ready: { exec: test -e up }
  client: { needs: { server: { condition: ready } }, run: test -e up }
)");
  errand->await_mark("starting");
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 0");
}

TEST_CASE("a service is ready once its port answers, which may be asked for by the host's name") {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), any, size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  REQUIRE(::getsockname(listener.get(), any, &size) == 0);
  const std::string port = std::to_string(::ntohs(address.sin_port));
  CliTest test;
  // "localhost" itself is not looked up.
  const Ended end = test.run_yaml(
      "tasks:\n"
      "  server: { run: sleep 1000, service: true, ready: { tcp: 'LocalHost:" +
      port +
      "' } }\n"
      "  client: { needs: { server: { condition: ready } }, run: echo served }\n");
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "served"));
}

TEST_CASE("a name server that does not answer holds nobody up who no longer asks") {
  const UniqueFd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(53);
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK + 8);
  CliTest test;
  test.write("resolv.conf", "nameserver 127.0.0.9\n");
  const std::string mount = "mount --bind " + (test / "resolv.conf") + " /etc/resolv.conf";
  if (::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      std::system(("unshare --mount sh -c '" + mount + "' 2>/dev/null").c_str()) != 0) {
    WARN("skipped: needs root, for a name server and a mount of its own");
    return;
  }
  test.make_gate("gate");
  test.write("errand.yaml", R"(
tasks:
  server: { run: exec sleep 1000, service: true, ready: { tcp: "nobody.knows.invalid:1" } }
  other: { run: "read line <gate; exit 3" }
)");
  Call call{{"run"}};
  call.prefix = {"unshare", "--mount", "sh", "-c", mount + "; exec \"$0\" \"$@\""};
  call.env = {"RES_OPTIONS=timeout:30 attempts:5"};  // longer than this test is patient
  const auto errand = test.start(call);
  char query[512];
  CHECK(::recv(server.get(), query, sizeof query, 0) > 0);
  test.open_gate("gate");
  CHECK(errand->finish().how() == "exit 3");
}

TEST_CASE("a service whose host has no address is not ready") {
  CliTest test;
  const Ended end = test.run_yaml(R"(
tasks:
  server:
    run: exec sleep 1000
    service: true
    ready: { tcp: "no-such-host.invalid:1", timeout: 1s }
  client: { needs: { server: { condition: ready } }, run: echo served }
)");
  CHECK(end.how() == "exit 1");
  CHECK(contains(end.err, "not ready after 1s"));
  CHECK_FALSE(contains(end.out, "served"));
}

}  // namespace
}  // namespace errand::test
