// SPDX-License-Identifier: Apache-2.0
//
// Children that throw, and what outlives what.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/group.h"
#include "errand/io/unique_fd.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

const Error E = Error::text("E");

auto throws(Duration delay, std::string what) {
  return [=](Context context) -> awaitable<Error> {
    co_await context.sleep(delay);
    throw std::runtime_error(what);
  };
}

GroupOptions keep_going() {
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  return options;
}

TEST_CASE("#84 an exception is a failure of its task: siblings are cancelled and joined") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context);
    const Group::Handle sibling = group.go("sibling", until_canceled());
    group.go("thrower", throws(1ms, "X"));
    const Error error = co_await group.wait();
    CHECK(sibling.state() == ChildState::canceled);
    co_return error;
  };
  const Error error = test.run(main(test.background()));
  CHECK(error.message() == "thrower: X");
  CHECK_THROWS_AS(error.raise(), std::runtime_error);
}

TEST_CASE("#85 keep-going runs the others; the first exception in time is primary") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    Group group(context, keep_going());
    group.go("second", throws(2ms, "Y"));
    group.go("first", throws(1ms, "X"));
    for (int i = 0; i < 10; ++i) group.go("good", ends(10ms));
    const Error error = co_await group.wait();
    CHECK(group.progress().succeeded == 10);
    REQUIRE(group.failures().size() == 2);
    CHECK(group.failures()[0].error.message() == "X");
    CHECK(group.failures()[1].error.message() == "Y");
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "first: X");
}

TEST_CASE("#86 tasks blocked on the context see an exception's cancellation before wait returns") {
  VirtualTest test;
  int saw = 0;
  const auto main = [&](Context context) -> awaitable<Error> {
    Group group(context);
    const auto blocked = [&](Context c) -> awaitable<Error> {
      co_await c.wait_done();
      saw += c.cause().message() == "X";
      co_return Error();
    };
    group.go("a", blocked);
    group.go("b", blocked);
    group.go("thrower", throws(1ms, "X"));
    const Error error = co_await group.wait();
    CHECK(saw == 2);
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "thrower: X");
}

TEST_CASE("#88 a task that throws gives its slot back") {
  VirtualTest test;
  int ran = 0;
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options = keep_going();
    options.limit = 2;
    Group group(context, options);
    const auto throws = [&](Context) -> awaitable<Error> {
      ++ran;
      throw std::runtime_error("X");
      co_return Error();
    };
    for (int i = 0; i < 10; ++i) group.go("thrower", throws);
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).message() == "thrower: X");
  CHECK(ran == 10);
}

TEST_CASE("a function that throws before it returns a coroutine fails as one that throws in it") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    GroupOptions options = keep_going();
    options.limit = 1;
    Group group(context, options);
    for (int i = 0; i < 100'000; ++i) {
      group.go("thrower", [](Context) -> awaitable<Error> { throw std::runtime_error("X"); });
    }
    CHECK(group.failures().empty());  // not inside go()
    const Error error = co_await group.wait();
    CHECK(group.failures().size() == 100'000);
    co_return error;
  };
  CHECK(test.run(main(test.background())).message() == "thrower: X");
}

TEST_CASE("an observer is told of an exception when it is captured") {
  VirtualTest test;
  std::vector<std::string> reported;
  Duration when{};
  const auto main = [&](Context context) -> awaitable<Error> {
    GroupOptions options;
    options.on_exception = [&](const Failure& failure) {
      reported.push_back(failure.name + ": " + failure.error.message());
      when = test.elapsed();
    };
    Group group(context, options);
    group.go("plain", ends(1ms, E));
    group.go("thrower", throws(0ms, "X"));
    group.go("slow", ends(1h));
    co_return co_await group.wait();
  };
  CHECK(test.run(main(test.background())).message() == "thrower: X");
  CHECK(reported == std::vector<std::string>{"thrower: X"});
  CHECK(when == 0s);
}

// ---- lifetimes

TEST_CASE("a handle may outlive its group, and wait for what has ended") {
  VirtualTest test;
  const auto main = [](Context context) -> awaitable<Error> {
    std::optional<Group::Handle> handle;
    {
      Group group(context);
      handle = group.go("fails", ends(1ms, E));
      CHECK_FALSE(handle->ended());
      co_await group.wait();
    }
    CHECK(handle->state() == ChildState::failed);
    const Group::Handle copy = *handle;
    awaitable<Error> waiting = handle->wait();
    handle.reset();
    CHECK(co_await std::move(waiting) == E);
    co_return copy.error();
  };
  CHECK(test.run(main(test.background())) == E);
}

TEST_CASE("a task's closure lives until the task has ended, and no longer") {
  VirtualTest test;
  const auto shared = std::make_shared<int>(7);
  const auto main = [&](Context context) -> awaitable<void> {
    Group group(context);
    const auto child = [shared](Context c) -> awaitable<Error> {
      co_await c.sleep(1s);
      co_return *shared == 7 ? Error() : E;
    };
    std::optional<Group::Handle> handle;
    {
      auto moved = child;
      handle = group.go("", std::move(moved));
    }
    CHECK(shared.use_count() == 3);
    CHECK_FALSE(co_await group.wait());
    CHECK(shared.use_count() == 2);  // though the handle is still there
  };
  test.run(main(test.background()));
}

TEST_CASE("a group destroyed with live children stops the program and names them") {
  std::array<int, 2> ends_of_pipe{};
  REQUIRE(::pipe(ends_of_pipe.data()) == 0);
  UniqueFd reader(ends_of_pipe[0]);
  UniqueFd writer(ends_of_pipe[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(writer.get(), STDERR_FILENO);
    VirtualRuntime runtime;
    GroupOptions options;
    options.name = "build";
    std::optional<Group> group(std::in_place, Context::background(runtime), options);
    group->go("compile", until_canceled());
    group->go("link", until_canceled());
    runtime.run_until_idle();
    ::signal(SIGABRT, SIG_DFL);
    group.reset();
    ::_exit(0);
  }
  writer.reset();
  std::string said;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(said.find("group 'build' destroyed with live children: build/compile build/link") !=
        std::string::npos);
}

}  // namespace
}  // namespace errand::test
