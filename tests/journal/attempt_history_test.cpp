// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/attempt_history.h"

#include <fstream>

#include "errand/events/event_lines.h"
#include "errand/journal/run_folder.h"
#include "support/report_fixture.h"

using namespace errand;
using namespace errand::test;

namespace {

namespace fs = std::filesystem;

using Times = std::vector<Duration>;

const Origin kOurs = {"/home/a", "errand.yaml"};
constexpr TaskState kSucceeded = TaskState::succeeded;

// Kept runs of tasks a, b and one with a name that JSON escapes.
class Runs {
 public:
  // Begins another run, each a second after the one before.
  void begin(const Origin& origin = kOurs) {
    id_ = "20260101-0000" + std::to_string(++count_ + 10);
    REQUIRE(make_run_folder(path, id_).has_value());
    add(RunStarted{id_, "ci", Mode::errgroup, &plan_, 1, {}, origin});
  }
  void attempt(const std::string& task, int number, TaskState state, Duration duration,
               const std::string& why = "") {
    AttemptEnded ended;
    ended.task = &plan_.task(task == "a" ? 1 : task == "b" ? 2 : 3);
    ended.attempt = number;
    ended.state = state;
    ended.duration = duration;
    if (!why.empty()) ended.error = Error::text(why);
    add(ended);
  }
  // A run in which each attempt of `task` succeeded at once.
  void run(const std::string& task, const Times& durations) {
    begin();
    for (const Duration duration : durations) attempt(task, 1, kSucceeded, duration);
  }
  void write(const std::string& text) {
    std::ofstream(path + "/" + id_ + "/events.jsonl", std::ios::app) << text;
  }
  Durations known(std::uint64_t bytes_max = kHistoryBytesMax) const {
    return earlier_durations(path, kOurs, {"a", "b"}, bytes_max);
  }

 private:
  void add(EventKind kind) {
    const WallTime year = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
    write(std::string(lines_.format({year + count_ * 1s, 0s, std::move(kind)})));
  }

  Folder folder_;
  Plan plan_ = make_plan({"a", "b", "q\"\\"});
  EventLines lines_;
  std::string id_;
  int count_ = 0;

 public:
  const std::string path = folder_ / "runs";
};

}  // namespace

TEST_CASE("the history of a task is what its attempts took, the oldest first") {
  Runs runs;
  runs.run("a", {1s, 2s});
  runs.run("b", {9s});
  runs.run("a", {1500us, 4s});
  CHECK(runs.known() == Durations{{"a", {1s, 2s, 1500us, 4s}}, {"b", {9s}}});
  CHECK(earlier_durations(runs.path, kOurs, {"b"}) == Durations{{"b", {9s}}});
  CHECK(earlier_durations(runs.path, kOurs, {}).empty());
}

TEST_CASE("a task's name may have any characters") {
  Runs runs;
  runs.run("q\"\\", {3s});
  CHECK(earlier_durations(runs.path, kOurs, {"q\"\\"}) == Durations{{"q\"\\", {3s}}});
  CHECK(earlier_durations(runs.path, kOurs, {"q"}).empty());
}

TEST_CASE("runs of other files are no history") {
  Runs runs;
  runs.begin({"/home/b", "errand.yaml"});
  runs.attempt("a", 1, kSucceeded, 1s);
  runs.begin({});
  runs.attempt("a", 1, kSucceeded, 1s);
  CHECK(runs.known().empty());
  CHECK(earlier_durations(runs.path, {}, {"a"}).empty());
}

TEST_CASE("of failures only timeouts and originals that were outrun are history") {
  Runs runs;
  runs.begin();
  runs.attempt("a", 1, TaskState::failed, 1ms);
  runs.attempt("a", 2, TaskState::timed_out, 5s, "timed out after 5s");
  runs.attempt("a", 7, TaskState::timed_out, 10ms, "the deadline of 1s passed");
  runs.attempt("a", 4, kSucceeded, 2s);
  runs.attempt("a", 3, TaskState::canceled, 4s);
  runs.attempt("a", 5, TaskState::canceled, 1ms);
  runs.attempt("b", 1, TaskState::canceled, 1s);
  runs.begin();
  runs.attempt("a", 1, TaskState::canceled, 1s);  // who won was in another run
  CHECK(runs.known() == Durations{{"a", {5s, 2s, 4s}}});
}

TEST_CASE("the newest durations are kept when there are many") {
  Runs runs;
  runs.run("a", {7s});
  runs.run("a", Times(kDurationsMax - 1, 2s));
  runs.run("a", {3s});
  const Times times = runs.known().at("a");
  CHECK(times.size() == kDurationsMax);
  CHECK(times.front() == 2s);
  CHECK(times.back() == 3s);
}

TEST_CASE("no more is read than the limit, the newest runs first") {
  Runs runs;
  runs.run("a", {1s});
  runs.run("a", {2s});
  const std::uint64_t bytes = fs::file_size(runs.path + "/20260101-000012/events.jsonl");
  CHECK(runs.known(bytes) == Durations{{"a", {2s}}});
  CHECK(runs.known(bytes - 1).empty());
  CHECK(runs.known(2 * bytes) == Durations{{"a", {1s, 2s}}});
}

TEST_CASE("damaged lines are skipped, and what is cut off") {
  Runs runs;
  runs.begin();
  runs.attempt("a", 1, kSucceeded, 1s);
  const std::string good =
      R"("event":"attempt_ended","task":"a","attempt":1,"status":"succeeded","duration":)";
  for (const std::string& line : {
           std::string("no JSON"),
           std::string("[1]"),
           std::string(R"(["event":"attempt_ended"])"),
           std::string(R"({"x":{"event":"attempt_ended"}})"),
           std::string(R"({"event":"attempt_ended","task":"a"})"),
           std::string(R"({"event":"attempt_ended","task":1,"attempt":{},"status":[]})"),
           "{" + good + "-1}",
           "{" + good + "1e300}",
           "{" + good + "\"1\"}",
           "{" + good + "null}",
           std::string(
               R"({"event":"attempt_ended","attempt":1,"status":"succeeded","duration":1})"),
           std::string("{\"event\":\"attempt_ended\",\"task\":\"a\xff\",\"attempt\":1,") +
               R"("status":"succeeded","duration":1})",
           std::string(50'000, '[') + R"("event":"attempt_ended")",
           "{" + good + "1,\"x\":\"" + std::string(100'000, 'x') + "\"}",
       }) {
    runs.write(line + "\n");
  }
  runs.write("{" + good + "2}\n");
  runs.write("{" + good + "3}");
  CHECK(runs.known() == Durations{{"a", {1s, 2s}}});
}
