// SPDX-License-Identifier: Apache-2.0
//
// What a process may be given beside its program: input, niceness, limits, descriptors.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/folder.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

struct WishTest : ProcessTest, Folder {
  std::string out_of(Command command) {
    Kept kept;
    const ProcessEnd end = run(std::move(command), kept);
    CHECK(end.status == ExitStatus::exited(0));
    CHECK(end.error.message() == "");
    return kept.out;
  }
  std::string error_of(Command command) {
    Kept kept;
    const ProcessEnd end = run(std::move(command), kept);
    CHECK_FALSE(end.status);
    return end.error.message();
  }
  Command script(std::string text) { return command({"sh", "-ec", std::move(text)}); }
  using ProcessTest::run;
};

TEST_CASE("a process reads the file that it is given, relative to its folder") {
  WishTest test;
  test.write("folder/input", "line\n");
  Command command = test.probe({"cat"});
  command.input = Command::Input::file;
  command.dir = test.path() + "/folder";
  command.input_path = "input";
  CHECK(test.out_of(command) == "line\n");
  command.dir = "/";
  command.input_path = test.path() + "/folder/input";
  CHECK(test.out_of(command) == "line\n");
}

TEST_CASE("an input that cannot be opened is an error that names it") {
  WishTest test;
  Command command = test.probe({"cat"});
  command.input = Command::Input::file;
  command.dir = test.path();
  command.input_path = "nosuch";
  CHECK(test.error_of(command) == "open 'nosuch': No such file or directory");
}

TEST_CASE("a named pipe that nobody writes to is an empty input, and holds nobody up") {
  WishTest test;
  CHECK(::mkfifo((test.path() + "/fifo").c_str(), 0600) == 0);
  Command command = test.probe({"cat", "out", "end"});
  command.input = Command::Input::file;
  command.input_path = test.path() + "/fifo";
  CHECK(test.out_of(command) == "end\n");
}

TEST_CASE("a process reads our own input where it inherits it") {
  WishTest test;
  test.write("input", "ours\n");
  const UniqueFd saved(::fcntl(0, F_DUPFD_CLOEXEC, 100));
  {
    const UniqueFd file(::open((test.path() + "/input").c_str(), O_RDONLY));
    ::dup2(file.get(), 0);
  }
  Command command = test.probe({"cat"});
  command.input = Command::Input::inherit;
  CHECK(test.out_of(command) == "ours\n");
  ::dup2(saved.get(), 0);
}

TEST_CASE("output that is discarded comes to nobody") {
  WishTest test;
  Command command = test.probe({"out", "a", "err", "b", "descriptors"});
  command.output = Command::Output::discard;
  CHECK(test.out_of(command) == "");
}

TEST_CASE("a process has the niceness and the limits that it is given, we keep ours") {
  WishTest test;
  const int before = ::getpriority(PRIO_PROCESS, 0);
  Command command = test.script("nice; ulimit -n; ulimit -c");
  command.nice = before + 3;
  command.limits = {{RLIMIT_NOFILE, 32}, {RLIMIT_CORE, 0}};
  CHECK(test.out_of(command) == std::to_string(before + 3) + "\n32\n0\n");
  CHECK(::getpriority(PRIO_PROCESS, 0) == before);
  CHECK(test.out_of(test.script("nice")) == std::to_string(before) + "\n");
}

TEST_CASE("a limit takes effect: a file that grows beyond it kills") {
  WishTest test;
  Command command = test.command({"dd", "if=/dev/zero", "bs=1000", "count=100", "of=big"});
  command.dir = test.path();
  command.limits = {{RLIMIT_FSIZE, 10'000}};
  Kept kept;
  CHECK(test.run(command, kept).status == ExitStatus::signaled(SIGXFSZ));
}

TEST_CASE("what the system refuses is named") {
  WishTest test;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  Command command = test.probe({"exit", "0"});
  command.limits = {{RLIMIT_CORE, 0},
                    {RLIMIT_NOFILE, std::nullopt}};  // above fs.nr_open, even for root
  CHECK(test.error_of(command) == "set rlimit nofile: Operation not permitted");
  command.limits = {{99, 1}};
  CHECK(test.error_of(command) == "set rlimit 99: Invalid argument");
}

TEST_CASE("two descriptors of ours become 3 and 4 of a process, nothing else does") {
  WishTest test;
  for (const bool many : {false, true}) {  // hazard: above a number the table is shared at first
    std::vector<UniqueFd> open;
    for (int i = 0; many && i < 800; ++i) open.emplace_back(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd read_end(::fcntl(ends[0], F_DUPFD_CLOEXEC, 5));
    const UniqueFd write_end(::fcntl(ends[1], F_DUPFD_CLOEXEC, 5));
    ::close(ends[0]);
    ::close(ends[1]);
    Command command = test.script("echo a >&4; read line <&3; echo \"$line\"");
    command.extra[0] = read_end.get();
    command.extra[1] = write_end.get();
    CHECK(test.out_of(command) == "a\n");
    command.argv = {ERRAND_PROBE, "descriptors"};
    CHECK(test.out_of(command) == "0 1 2 3 4\n");
    CHECK(test.out_of(test.probe({"descriptors"})) == "0 1 2\n");
  }
}

}  // namespace
}  // namespace errand::test
