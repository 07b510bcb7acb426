// SPDX-License-Identifier: Apache-2.0
//
// Hedges after a percentile of earlier attempts: hedge: { delay: p95 }.
#include "errand/events/latencies.h"

#include "errand/events/failure.h"
#include "support/fake_executor.h"

using namespace errand;
using namespace errand::test;

namespace {

using Behavior = FakeExecutor::Behavior;
using Names = std::vector<std::string>;

constexpr TaskState kSucceeded = TaskState::succeeded;
constexpr TaskState kFailed = TaskState::failed;
constexpr TaskState kTimedOut = TaskState::timed_out;
constexpr TaskState kCanceled = TaskState::canceled;

// 1s, 2s, … 20s.
std::vector<Duration> one_to_twenty() {
  std::vector<Duration> durations;
  for (int i = 1; i <= 20; ++i) durations.push_back(i * 1s);
  return durations;
}

std::string hedged(const std::string& delay, const std::string& more = "") {
  return "tasks: {a: {run: x, hedge: {delay: " + delay + "}" + more + "}}";
}

// Tasks 1, 2, … with this hedge, one after another; all but the last with this deadline.
class HedgedSource final : public TaskSource {
 public:
  HedgedSource(std::size_t count, std::optional<Duration> deadline) : count_(count) {
    Policy policy;
    policy.hedge = HedgeRule{Percentile{95}, 2, {}};
    last_policy_ = std::make_shared<const Policy>(policy);
    policy.deadline = deadline;
    policy_ = std::make_shared<const Policy>(std::move(policy));
  }
  awaitable<Result<std::optional<Task>>> next(Context) override {
    if (read_ == count_) co_return std::nullopt;
    Task task;
    task.id = static_cast<TaskId>(++read_);
    task.name = task.full_name = std::to_string(read_);
    task.policy = read_ == count_ ? last_policy_ : policy_;
    co_return task;
  }

 private:
  std::size_t count_, read_ = 0;
  std::shared_ptr<const Policy> policy_, last_policy_;
};

struct StreamTest : RunTest {
  // Two at a time.
  RunEnded run_stream(std::size_t count, std::optional<Duration> deadline = {}) {
    HedgedSource source(count, deadline);
    Task root;
    root.is_group = true;
    root.mode = Mode::aggregate;
    root.jobs = Jobs{Jobs::Kind::count, 2};
    root.policy = default_policy();
    Runner runner(executor, output, recorder, {});
    return run(runner.run_stream(background(), background(), root, source));
  }
};

}  // namespace

// ---- which attempts tell

TEST_CASE("successes and timeouts tell how long a task takes, failures do not") {
  LatencySamples of;
  CHECK_FALSE(of.is_representative(1, kFailed, "exit 1"));
  CHECK(of.is_representative(2, kTimedOut, TimedOut{"", 3s}.message()));
  CHECK_FALSE(of.is_representative(3, kCanceled, ""));
  CHECK(of.is_representative(4, kSucceeded, ""));
}

TEST_CASE("an attempt that the deadline has cut short does not tell") {
  LatencySamples of;
  CHECK_FALSE(
      of.is_representative(1, kTimedOut, TimedOut{"", 3s, TimedOut::Kind::deadline}.message()));
}

TEST_CASE("an attempt that a later one outran tells, a hedge that lost does not") {
  LatencySamples original_lost;
  CHECK(original_lost.is_representative(2, kSucceeded, ""));
  CHECK(original_lost.is_representative(1, kCanceled, ""));
  LatencySamples hedge_lost;
  CHECK(hedge_lost.is_representative(1, kSucceeded, ""));
  CHECK_FALSE(hedge_lost.is_representative(2, kCanceled, ""));
}

TEST_CASE("the latest durations of a task count, once there are enough") {
  Durations known;
  const auto value = [&] { return task_latencies({50}, known, "a").value(); };
  CHECK_FALSE(value());
  known["a"].assign(kTaskWarmUp - 1, 1s);
  CHECK_FALSE(value());
  known["a"].push_back(1s);
  CHECK(value() == 1s);
  known["a"].insert(known["a"].end(), kDurationsMax, 2s);
  CHECK(value() == 2s);
  CHECK_FALSE(task_latencies({50}, known, "b").value());
}

// ---- in a run

TEST_CASE("a slow attempt is hedged exactly after the percentile of earlier ones") {
  const std::vector<std::pair<std::string, Duration>> cases = {
      {"p95", 19s}, {"p50", 10s}, {"p1", 1s}};
  for (const auto& [delay, after] : cases) {
    CAPTURE(delay);
    RunTest test;
    test.options.history["a"] = one_to_twenty();
    test.executor.attempts["a"] = {{.takes = 60s, .output = "original"},
                                   {.takes = 3s, .output = "hedge"}};
    CHECK(test.run_plan(hedged(delay)).exit_status == 0);
    CHECK(test.recorder.lines[1] == format_duration(after) + " start a");
    CHECK(test.elapsed() == after + 3s);
    CHECK(test.output.shown == Names{"a: hedge"});
  }
}

TEST_CASE("an attempt that ends with the percentile is not hedged") {
  RunTest test;
  test.options.history["a"] = one_to_twenty();
  test.executor.behaviors["a"] = {.takes = 19s};
  test.run_plan(hedged("p95"));
  CHECK(test.executor.started == Names{"a"});
}

TEST_CASE("a task of which too little is known is not hedged, and shows its output as others do") {
  RunTest test;
  test.options.history["a"].assign(kTaskWarmUp - 1, 1s);
  test.options.history["b"] = one_to_twenty();
  test.executor.behaviors["a"] = {.takes = 1h, .output = "said"};
  test.after(30min, [&] { CHECK(test.output.shown == Names{"a: said"}); });
  CHECK(test.run_plan(hedged("p95")).exit_status == 0);
  CHECK(test.executor.started == Names{"a"});
  CHECK(test.elapsed() == 1h);
}

TEST_CASE("what fails while too little is known is not tried a second time by the hedge") {
  RunTest test;
  test.executor.attempts["a"] = {{.takes = 1s, .exit_code = 7}, {}};
  CHECK(test.run_plan(hedged("p95")).exit_status == 7);
}

TEST_CASE("timeouts of this run count for its next tries, failures do not") {
  RunTest test;
  test.options.history["a"].assign(kTaskWarmUp - 1, 1s);
  test.executor.attempts["a"] = {
      {.takes = 1ms, .exit_code = 1}, {.takes = 1h}, {.takes = 1h}, {.takes = 1s}};
  test.run_plan(hedged(
      "p50", ", timeout: 5s, retry: {count: 2, delay: 1s, backoff: constant, jitter: none}"));
  // Not hedged: the first two tries. The third is, after 1s: the fifth one known took 5s.
  CHECK(test.recorder.lines[0] == "0s start a");
  CHECK(test.recorder.lines[2] == "1s start a");
  CHECK(test.recorder.lines[4] == "7s start a");
  CHECK(test.recorder.lines[5] == "8s start a");
  CHECK(test.recorder.ended.at("a").attempts == 4);
}

// ---- in a stream, whose tasks come once each

TEST_CASE("the tasks of a stream are hedged once enough of them have ended") {
  StreamTest test;
  const std::size_t before = kStreamWarmUp + 5;
  const std::string slow = std::to_string(before + 1);
  test.executor.attempts[slow] = {{.takes = 1h}, {.takes = 1s}};
  CHECK(test.run_stream(before + 1).exit_status == 0);
  CHECK(test.executor.started.size() == before + 2);
  CHECK(test.recorder.ended.at(slow).attempts == 2);
  CHECK(test.recorder.ended.at(slow).duration == 2s);
}

TEST_CASE("the first tasks of a stream are not hedged, however slow they are") {
  StreamTest test;
  test.executor.behaviors["20"] = {.takes = 1h};
  CHECK(test.run_stream(20).exit_status == 0);
  CHECK(test.executor.started.size() == 20);
}

TEST_CASE("tasks of a stream that fail at once do not make the delay shorter") {
  StreamTest test;
  for (std::size_t i = 1; i <= 600; ++i) {
    if (i % 25 != 0) test.executor.behaviors[std::to_string(i)] = {.takes = 1ms, .exit_code = 1};
  }
  test.run_stream(601);
  CHECK(test.recorder.ended.at("601").attempts == 1);
}

TEST_CASE("tasks that a deadline cuts short do not make the delay of a stream shorter") {
  StreamTest test;
  const std::size_t before = 2 * kStreamWarmUp;
  const std::string last = std::to_string(before + 1);
  for (std::size_t i = 1; i <= before; ++i) {
    test.executor.behaviors[std::to_string(i)] = {.takes = 1h};
  }
  test.executor.behaviors[last] = {.takes = 1s};
  test.run_stream(before + 1, 10ms);
  CHECK(test.recorder.ended.at("1").state == kTimedOut);
  CHECK(test.recorder.ended.at(last).duration == 1s);
  CHECK(test.recorder.ended.at(last).attempts == 1);
}
