// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <csignal>

#include "support/process_test.h"

namespace errand::test {
namespace {

TEST_CASE("stdout and stderr stay apart") {
  ProcessTest test;
  Kept kept;
  test.run(test.probe({"out", "a", "err", "b", "out", "c", "err", "d"}), kept);
  CHECK(kept.out == "a\nc\n");
  CHECK(kept.err == "b\nd\n");
}

TEST_CASE("merged output keeps its order") {
  ProcessTest test;
  Kept kept;
  Command command =
      test.probe({"out", "a", "err", "b", "out", "c", "err", "d", "raw", "no newline"});
  command.output = Command::Output::merged;
  test.run(std::move(command), kept);
  CHECK(kept.out == "a\nb\nc\nd\nno newline");
  CHECK(kept.err == "");
}

TEST_CASE("all byte values arrive, and 16 MB of them") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end = test.run(test.probe({"pattern", "16"}), kept);
  CHECK(end.status == ExitStatus::exited(0));
  REQUIRE(kept.out.size() == std::size_t{16} * 1024 * 1024);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kept.out.size(); ++i)
    wrong += kept.out[i] != static_cast<char>(i * 7 / 3);
  CHECK(wrong == 0);
}

TEST_CASE("inherited output goes where ours goes") {
  ProcessTest test;
  Pipe pipe = *make_pipe();
  const UniqueFd saved(::fcntl(1, F_DUPFD_CLOEXEC, 3));
  ::dup2(pipe.write_end.get(), 1);
  Kept kept;
  Command command = test.probe({"out", "through"});
  command.output = Command::Output::inherit;
  const ProcessEnd end = test.run(std::move(command), kept);
  ::dup2(saved.get(), 1);
  char buffer[32];
  const ssize_t size = ::read(pipe.read_end.get(), buffer, sizeof buffer);
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(kept.out == "");
  REQUIRE(size == 8);
  CHECK(std::string(buffer, 8) == "through\n");
}

// Takes once, then never again.
class Stuck final : public OutputReceiver {
 public:
  Error write(OutputStream, std::string_view) override {
    behind_ = true;
    return {};
  }
  bool behind() const override { return behind_; }
  awaitable<void> caught_up(Context context) override {
    if (++waits == 1 && on_first_wait) on_first_wait();
    co_await context.wait_done();
  }
  int waits = 0;
  std::function<void()> on_first_wait;

 private:
  bool behind_ = false;
};

// Takes little at a time, and has to be waited for.
class Slow final : public OutputReceiver {
 public:
  explicit Slow(Runtime& runtime) : runtime_(runtime) {}
  Error write(OutputStream, std::string_view bytes) override {
    CHECK_FALSE(behind_);
    total += bytes.size();
    behind_ = true;
    return {};
  }
  bool behind() const override { return behind_; }
  awaitable<void> caught_up(Context) override {
    ++waits;
    Context context = Context::background(runtime_);
    co_await context.sleep(1ms);
    behind_ = false;
  }
  std::size_t total = 0;
  int waits = 0;

 private:
  Runtime& runtime_;
  bool behind_ = false;
};

TEST_CASE("nothing is read for a receiver that is behind, and nothing is lost") {
  ProcessTest test;
  Slow slow(test.runtime());
  const ProcessEnd end = test.run(test.probe({"pattern", "4", "err", "x"}), slow);
  CHECK(end.status == ExitStatus::exited(0));
  CHECK(end.notices.empty());
  CHECK(slow.total == std::size_t{4} * 1024 * 1024 + 2);
  CHECK(slow.waits > 4);
}

TEST_CASE("a receiver that is behind for ever holds a canceled process up for its grace at most") {
  // The process has ended by itself or not when it is cancelled; its pipe is full either way.
  const std::vector<std::string> steps =
      GENERATE(std::vector<std::string>{"pattern", "4"}, std::vector<std::string>{"out", "some"});
  ProcessTest test;
  auto scope = with_cancel(test.background());
  Stuck stuck;
  Timer cancel(test.runtime(), [&] { scope.second(Error::text("enough")); });
  stuck.on_first_wait = [&] { cancel.set_after(20ms); };
  StopRule rule;
  rule.grace = 50ms;
  const ProcessEnd end = test.run(
      run_process(test.reaper(), scope.first, test.background(), test.probe(steps), rule, stuck));
  CHECK(stuck.waits == 1);
  CHECK(end.status.has_value());
}

TEST_CASE("force_stop does not wait for a receiver that is behind") {
  ProcessTest test;
  auto scope = with_cancel(test.background());
  auto force_stop = with_cancel(test.background());
  Stuck stuck;
  Timer cancel(test.runtime(), [&] {
    scope.second(Error::text("enough"));
    force_stop.second(Error::text("now"));
  });
  stuck.on_first_wait = [&] { cancel.set_after(20ms); };
  StopRule rule;
  rule.grace = std::chrono::hours(1);
  const ProcessEnd end = test.run(run_process(test.reaper(), scope.first, force_stop.first,
                                              test.probe({"pattern", "4"}), rule, stuck));
  CHECK(end.status.has_value());
}

TEST_CASE("output that cannot be kept fails the process and stops it") {
  ProcessTest test;
  Kept kept;
  kept.refuse = Error::system("write", ENOSPC);
  const ProcessEnd end = test.run(test.probe({"out", "a", "pattern", "2", "pause"}), kept);
  CHECK(end.status == ExitStatus::signaled(SIGTERM));
  CHECK(end.error.message() == "write: No space left on device");
}

TEST_CASE("closing stdout and stderr is not the end of a process") {
  ProcessTest test;
  Kept kept;
  const ProcessEnd end = test.run(test.probe({"close", "1", "close", "2", "exit", "5"}), kept);
  CHECK(end.status == ExitStatus::exited(5));
}

TEST_CASE("standard input is empty unless it is asked for") {
  ProcessTest test;
  Kept kept;
  test.run(test.probe({"cat", "out", "done"}), kept);
  CHECK(kept.out == "done\n");
  Command command = test.probe({"cat"});
  command.input = Command::Input::file;
  command.input_path = "hostname";
  command.dir = "/proc/sys/kernel";
  test.run(std::move(command), kept);
  CHECK(kept.out.size() > 5);
  Command missing = test.probe({"cat"});
  missing.input = Command::Input::file;
  missing.input_path = "/nosuch";
  CHECK(test.run(std::move(missing), kept).error.message() ==
        "open '/nosuch': No such file or directory");
}

}  // namespace
}  // namespace errand::test
