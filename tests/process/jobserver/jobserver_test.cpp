// SPDX-License-Identifier: Apache-2.0
#include "errand/process/jobserver/jobserver.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <asio/post.hpp>

#include "support/folder.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

int tokens_in(int fd) {
  int count = 0;
  ::ioctl(fd, FIONREAD, &count);
  return count;
}

// The pipe of a make, as those that it starts inherit it.
struct Inherited {
  explicit Inherited(std::string_view tokens) {
    REQUIRE(::pipe(ends) == 0);
    CHECK(::write(ends[1], tokens.data(), tokens.size()) == static_cast<ssize_t>(tokens.size()));
  }
  ~Inherited() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  JobserverAddress address() const { return {"", ends[0], ends[1]}; }
  // All that is there.
  std::string take_all() const {
    std::string text(static_cast<std::size_t>(tokens_in(ends[0])), '\0');
    if (!text.empty()) CHECK(::read(ends[0], text.data(), text.size()) > 0);
    return text;
  }
  int ends[2];
};

struct JobserverTest : ProcessTest {
  JobserverPipe join(const JobserverAddress& address) {
    Result<JobserverPipe> pipe = join_jobserver(address);
    REQUIRE(pipe);
    return std::move(*pipe);
  }
  JobserverPipe make(unsigned jobs) {
    Result<JobserverPipe> pipe = make_jobserver(jobs);
    REQUIRE(pipe);
    return std::move(*pipe);
  }
  // Lets the loop turn until all that is ready has been done.
  void turn() {
    run([](Context context) -> awaitable<int> {
      for (int i = 0; i < 4; ++i) co_await context.sleep(Duration());
      co_return 0;
    }(background()));
  }
  using ProcessTest::run;
};

TEST_CASE("the first token is always there, the others come from the pipe and go back there") {
  JobserverTest test;
  const Inherited inherited("ab");
  Jobserver jobserver(test.runtime(), test.join(inherited.address()));
  CHECK(jobserver.try_take());
  CHECK(tokens_in(inherited.ends[0]) == 2);
  CHECK(jobserver.try_take());
  CHECK(jobserver.try_take());
  CHECK(tokens_in(inherited.ends[0]) == 0);
  CHECK_FALSE(jobserver.try_take());
  for (int i = 0; i < 3; ++i) jobserver.give_back();
  test.turn();
  CHECK(inherited.take_all() == "ba");  // the very bytes
}

TEST_CASE("a token that is given back and taken again in one turn never leaves") {
  JobserverTest test;
  const Inherited inherited("a");
  Jobserver jobserver(test.runtime(), test.join(inherited.address()));
  jobserver.try_take();
  jobserver.try_take();
  jobserver.give_back();
  CHECK(tokens_in(inherited.ends[0]) == 0);
  CHECK(jobserver.try_take());
  test.turn();
  CHECK(tokens_in(inherited.ends[0]) == 0);
  CHECK_FALSE(jobserver.try_take());
}

TEST_CASE("who ends gives back all that it has taken") {
  JobserverTest test;
  const Inherited inherited("abc");
  {
    Jobserver jobserver(test.runtime(), test.join(inherited.address()));
    for (int i = 0; i < 3; ++i) jobserver.try_take();
    jobserver.give_back();
  }
  CHECK(inherited.take_all().size() == 3);
}

TEST_CASE("who waits is told once when somebody else gives a token back") {
  JobserverTest test;
  const Inherited inherited("");
  Jobserver jobserver(test.runtime(), test.join(inherited.address()));
  jobserver.try_take();
  int told = 0;
  jobserver.when_available([&] { told += 100; });
  jobserver.when_available([&] { ++told; });  // replaces the first
  test.turn();
  CHECK(told == 0);
  CHECK(::write(inherited.ends[1], "x", 1) == 1);
  test.turn();
  CHECK(told == 1);
  CHECK(::write(inherited.ends[1], "y", 1) == 1);
  test.turn();
  CHECK(told == 1);
  jobserver.when_available([&] { ++told; });  // it has been there for long
  test.turn();
  CHECK(told == 2);
  CHECK(jobserver.try_take());
  CHECK(jobserver.try_take());
  jobserver.when_available([&] { ++told; });
  jobserver.when_available(nullptr);
  CHECK(::write(inherited.ends[1], "z", 1) == 1);
  test.turn();
  CHECK(told == 2);
}

TEST_CASE("who waits is told when its own first token is free again") {
  JobserverTest test;
  const Inherited inherited("");
  Jobserver jobserver(test.runtime(), test.join(inherited.address()));
  jobserver.try_take();
  int told = 0;
  jobserver.when_available([&] { ++told; });
  jobserver.give_back();
  test.turn();
  CHECK(told == 1);
}

TEST_CASE("others' ways of reading the pipe stay as they are") {
  JobserverTest test;
  const Inherited inherited("a");
  Jobserver jobserver(test.runtime(), test.join(inherited.address()));
  jobserver.try_take();
  jobserver.try_take();
  CHECK_FALSE(jobserver.try_take());
  for (const int fd : inherited.ends) CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a named pipe is joined by its path, and nothing is inherited") {
  JobserverTest test;
  const Folder folder;
  const std::string path = folder / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const UniqueFd keeper(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  CHECK(::write(keeper.get(), "ab", 2) == 2);
  Jobserver jobserver(test.runtime(), test.join({path}));
  CHECK(jobserver.shared(0) == -1);
  CHECK(jobserver.shared(1) == -1);
  for (int i = 0; i < 3; ++i) CHECK(jobserver.try_take());
  CHECK_FALSE(jobserver.try_take());
  for (int i = 0; i < 3; ++i) jobserver.give_back();
  test.turn();
  CHECK(tokens_in(keeper.get()) == 2);
}

TEST_CASE("a jobserver that cannot be used says why") {
  const auto why = [](const JobserverAddress& address) {
    const Result<JobserverPipe> pipe = join_jobserver(address);
    return pipe ? "" : pipe.error().message();
  };
  const Folder folder;
  folder.write("file", "");
  CHECK(why({folder / "nosuch"}) == "open '" + folder / "nosuch" + "': No such file or directory");
  CHECK(why({folder / "file"}) == "'" + folder / "file" + "' is no named pipe");
  CHECK(why({"", -2, -2}) ==
        "its descriptor -2 is not open here: begin the line of the makefile with '+'");
  CHECK(why({"", 987, 988}) ==
        "its descriptor 987 is not open here: begin the line of the makefile with '+'");
  const UniqueFd file(::open((folder / "file").c_str(), O_RDONLY));
  CHECK(why({"", file.get(), file.get()}) ==
        "its descriptor " + std::to_string(file.get()) + " is no pipe");
  int ends[2];  // of our own, with the numbers that somebody closed
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  CHECK(why({"", ends[0], ends[1]}).ends_with("begin the line of the makefile with '+'"));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("our own pool has a token for each job but the first") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(3), 3);
  CHECK(jobserver.shared(0) >= 5);
  CHECK(jobserver.shared(1) >= 5);
  CHECK(tokens_in(jobserver.shared(0)) == 2);
  for (int i = 0; i < 3; ++i) CHECK(jobserver.try_take());
  CHECK_FALSE(jobserver.try_take());
}

TEST_CASE("the largest pool fits") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(kJobserverJobsMax), kJobserverJobsMax);
  CHECK(tokens_in(jobserver.shared(0)) == kJobserverJobsMax - 1);
}

TEST_CASE("the tokens of a killed process are there again once nobody could hold any") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(4), 4);
  jobserver.try_take();
  jobserver.started();
  jobserver.try_take();
  jobserver.started();
  char byte = 0;
  CHECK(::read(jobserver.shared(0), &byte, 1) == 1);  // the first one does, and is killed
  CHECK(tokens_in(jobserver.shared(0)) == 1);
  jobserver.ended();
  jobserver.give_back();
  test.turn();
  CHECK(tokens_in(jobserver.shared(0)) == 2);  // the other one may hold it
  jobserver.ended();
  test.turn();
  CHECK(tokens_in(jobserver.shared(0)) == 2);
  jobserver.give_back();
  test.turn();
  CHECK(tokens_in(jobserver.shared(0)) == 3);
}

TEST_CASE("they are there again even if the next process starts in the same turn of the loop") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(2), 2);
  jobserver.try_take();
  jobserver.started();
  char byte = 0;
  CHECK(::read(jobserver.shared(0), &byte, 1) == 1);
  jobserver.ended();
  jobserver.give_back();
  jobserver.try_take();
  jobserver.started();
  CHECK(tokens_in(jobserver.shared(0)) == 1);
  jobserver.ended();
}

TEST_CASE("tokens that somebody has made up do not make the pool larger") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(2), 2);
  jobserver.try_take();
  jobserver.started();
  CHECK(::write(jobserver.shared(1), "+++++", 5) == 5);
  jobserver.ended();
  jobserver.give_back();
  test.turn();
  CHECK(tokens_in(jobserver.shared(0)) == 1);
}

// Hazard: a task that fills the pipe must not block us.
TEST_CASE("a pipe that somebody has filled holds nobody up") {
  JobserverTest test;
  Jobserver jobserver(test.runtime(), test.make(3), 3);
  jobserver.try_take();
  jobserver.try_take();
  const UniqueFd writer(::open(("/proc/self/fd/" + std::to_string(jobserver.shared(1))).c_str(),
                               O_WRONLY | O_NONBLOCK));
  const std::string junk(4096, '+');
  while (::write(writer.get(), junk.data(), junk.size()) > 0) {
  }
  jobserver.give_back();
  jobserver.give_back();
  test.turn();
  CHECK(tokens_in(jobserver.shared(0)) == 2);
}

}  // namespace
}  // namespace errand::test
