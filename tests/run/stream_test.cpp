// SPDX-License-Identifier: Apache-2.0
#include <asio/post.hpp>

#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

// Tasks one after another, each after a pause.
class FakeSource final : public TaskSource {
 public:
  FakeSource(std::size_t count, Duration pause) : count_(count), pause_(pause) {}
  std::size_t read = 0;
  std::optional<std::size_t> fails_at;
  std::string excludes;  // the name of a task that its condition leaves out; "*": all

  awaitable<Result<std::optional<Task>>> next(Context context) override {
    if (pause_ > 0s) {
      if (Error error = co_await context.sleep(pause_)) co_return std::unexpected(error);
    }
    if (fails_at == read) co_return std::unexpected(Error::make(InputFailure{"<stdin>:3:1: bad"}));
    if (read == count_) co_return std::nullopt;
    Task task;
    task.id = static_cast<TaskId>(++read);
    task.name = task.full_name = std::to_string(read);
    if (excludes == "*" || task.name == excludes) task.excluded = "if: false";
    co_return task;
  }

 private:
  std::size_t count_;
  Duration pause_;
};

struct StreamTest : RunTest {
  bool canceled_soon = false;
  RunEnded run_stream(FakeSource& source, unsigned jobs, Mode mode = Mode::errgroup,
                      std::optional<Halt> halt = {}) {
    auto [context, cancel] = with_cancel(background());
    if (canceled_soon) asio::post(runtime.executor(), [stop = cancel] { stop(); });
    Task root;
    Policy policy = *root.policy;
    policy.halt = halt;
    root.policy = std::make_shared<const Policy>(policy);
    root.is_group = true;
    root.mode = mode;
    root.jobs = jobs == 0 ? Jobs{Jobs::Kind::unlimited, 0} : Jobs{Jobs::Kind::count, jobs};
    Runner runner(executor, output, recorder, {});
    return run(runner.run_stream(context, background(), root, source));
  }
};

}  // namespace

TEST_CASE("streamed tasks start before the stream ends") {
  StreamTest test;
  FakeSource source(3, 10s);
  CHECK(test.run_stream(source, 4).exit_status == 0);
  CHECK(test.recorder.lines.front() == "10s start 1");
  CHECK(test.elapsed() == 40s);
}

TEST_CASE("a stream is read no further than one task beyond the free slots") {
  StreamTest test;
  test.executor.behaviors["1"] = {.takes = 50s};
  test.executor.behaviors["2"] = {.takes = 50s};
  FakeSource source(100, 0s);
  Timer look(test.runtime, [&] { CHECK(source.read == 3); });
  look.set_after(25s);
  CHECK(test.run_stream(source, 2).exit_status == 0);
  CHECK(test.executor.running_max == 2);
  CHECK(test.executor.started.size() == 100);
}

TEST_CASE("a stream of which nothing runs, and which is always there, lets a cancel through") {
  constexpr std::size_t kTasks = 100'000;
  StreamTest test;
  test.canceled_soon = true;
  FakeSource source(kTasks, 0s);
  source.excludes = "*";
  CHECK(test.run_stream(source, 2).state == TaskState::canceled);
  CHECK(source.read < kTasks);
}

TEST_CASE("the first failure ends an errgroup's stream") {
  StreamTest test;
  test.executor.behaviors["1"] = {.takes = 9s};
  test.executor.behaviors["2"] = {.takes = 1s, .exit_code = 9};
  FakeSource source(100, 0s);
  CHECK(test.run_stream(source, 2).exit_status == 9);
  CHECK(test.executor.started.size() == 2);
  CHECK(test.recorder.state("3") == "canceled: 2 failed (exit 9)");
}

TEST_CASE("a streamed task whose condition does not hold is skipped, and the stream goes on") {
  StreamTest test;
  FakeSource source(3, 0s);
  source.excludes = "2";
  CHECK(test.run_stream(source, 1).exit_status == 0);
  CHECK(test.executor.started.size() == 2);
  CHECK(test.recorder.state("2") == "skipped: if: false");
  CHECK(test.recorder.state("3") == "succeeded");
}

TEST_CASE("a halt that starts no more starts none of a stream's waiting tasks either") {
  StreamTest test;
  test.executor.behaviors["1"] = {.exit_code = 2};
  FakeSource source(100, 0s);
  const RunEnded ended = test.run_stream(source, 1, Mode::aggregate, *parse_halt("soon,fail=1"));
  CHECK(ended.exit_status == 1);
  CHECK(test.executor.started.size() == 1);
  CHECK(test.recorder.state("2") == "canceled: halt soon,fail=1");
}

TEST_CASE("a stream in aggregate mode goes on after failures and counts them") {
  StreamTest test;
  test.executor.behaviors["2"] = {.exit_code = 9};
  FakeSource source(5, 0s);
  const RunEnded ended = test.run_stream(source, 0, Mode::aggregate);
  CHECK(ended.exit_status == 1);
  CHECK(ended.error.message() == "2: exit 9");
  CHECK(test.executor.started.size() == 5);
}

TEST_CASE("a line that cannot be read ends the stream with 125") {
  for (const Mode mode : {Mode::errgroup, Mode::aggregate}) {
    StreamTest test;
    FakeSource source(5, 0s);
    source.fails_at = 2;
    const RunEnded ended = test.run_stream(source, 1, mode);
    CHECK(ended.exit_status == 125);
    CHECK(ended.error.message() == "<stdin>:3:1: bad");
    CHECK(test.recorder.ended.size() == 2);
  }
}

TEST_CASE("an empty stream succeeds") {
  StreamTest test;
  FakeSource source(0, 0s);
  CHECK(test.run_stream(source, 1).exit_status == 0);
}
