// SPDX-License-Identifier: Apache-2.0
//
// Tasks as lines of JSON, and what options leave of them.
#include "cmd/input/stream_source.h"

#include <fcntl.h>

#include <asio/post.hpp>
#include <deque>

#include "errand/events/failure.h"
#include "support/cmd_test.h"
#include "support/virtual_test.h"

namespace errand::test {
namespace {

// Tasks of these names.
class NamedTasks final : public TaskSource {
 public:
  explicit NamedTasks(std::deque<std::string> names) : names_(std::move(names)) {}
  awaitable<Result<std::optional<Task>>> next(Context) override {
    if (names_.empty()) co_return std::nullopt;
    Task task;
    task.name = task.full_name = names_.front();
    names_.pop_front();
    co_return task;
  }
  std::size_t left() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
};

struct StreamTest : VirtualTest {
  // The tasks up to the end or an error, which goes into `error`.
  std::vector<Task> all(TaskSource& source) {
    std::vector<Task> tasks;
    for (;;) {
      Result<std::optional<Task>> task = run(source.next(background()));
      if (!task) error = task.error();
      if (!task || !*task) return tasks;
      tasks.push_back(std::move(**task));
    }
  }
  // Of a stream whose lines have been read already.
  std::vector<Task> tasks_of(std::string lines, Overrides overrides = {}) {
    cmd::TaskStream stream{
        "<stdin>", std::move(lines), UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), {}};
    cmd::StreamSource source(runtime, std::move(stream), std::move(overrides));
    return all(source);
  }
  Words names(TaskSource& source) {
    Words found;
    for (const Task& task : all(source)) found.push_back(task.full_name);
    return found;
  }
  Error error;
};

TEST_CASE("a task of a stream without a name is called after its line") {
  StreamTest test;
  const std::vector<Task> tasks =
      test.tasks_of("\"x\"\n\n \r\n{\"name\": \"b\", \"run\": \"y\"}\r\n[\"z\", \"1\"]");
  CHECK_FALSE(test.error);
  REQUIRE(tasks.size() == 3);
  CHECK(tasks[0].full_name == "1");
  CHECK(tasks[1].full_name == "b");
  CHECK(tasks[2].full_name == "5");
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(tasks[i].id == i + 1);
    CHECK(tasks[i].number == i + 1);
  }
}

TEST_CASE("a line of a stream that cannot be read is told with its place") {
  for (const std::string line : {"{\"run\": \"x\", \"commad\": 1}", "{\"run\": ", "[[]]",
                                 "{\"run\": \"x\", \"needs\": [\"a\"]}", "{\"run\": \"\xff\"}"}) {
    CAPTURE(line);
    StreamTest test;
    CHECK(test.tasks_of("\"first\"\n" + line + "\n\"third\"\n").size() == 1);
    REQUIRE(test.error.as<InputFailure>());
    CHECK(test.error.message().starts_with("<stdin>:2:"));
  }
}

TEST_CASE("options override what tasks of a stream say") {
  StreamTest test;
  Overrides over;
  over.grace = 3s;
  over.retries = 2;
  over.env = {{"A", "option"}};
  const std::vector<Task> tasks =
      test.tasks_of("{\"run\": \"x\", \"grace\": \"1s\", \"env\": {\"A\": \"file\"}}\n", over);
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0].grace == Duration(3s));
  CHECK(tasks[0].policy->retry.count == 2);
  CHECK(tasks[0].env->back() == EnvEntry("A", "option"));
}

TEST_CASE("--only and --skip choose among the tasks of a stream") {
  StreamTest test;
  const auto left = [&test](Words only, Words skip) {
    cmd::InputOptions options;
    options.only = std::move(only);
    options.skip = std::move(skip);
    const std::unique_ptr<TaskSource> source = cmd::filtered_source(
        std::make_unique<NamedTasks>(std::deque<std::string>{"ab", "b", "ac"}), options, {});
    return test.names(*source);
  };
  CHECK(left({}, {}) == Words{"ab", "b", "ac"});
  CHECK(left({"a*"}, {}) == Words{"ab", "ac"});
  CHECK(left({"a*", "b"}, {"ac"}) == Words{"ab", "b"});
  CHECK(left({"none"}, {}).empty());
}

TEST_CASE("others have their turn while --only leaves tasks out") {
  StreamTest test;
  auto all = std::make_unique<NamedTasks>(std::deque<std::string>(10'000, "no"));
  const NamedTasks& source = *all;
  cmd::SelectedSource selected(std::move(all), {"yes"}, {});
  std::size_t left = 0;
  asio::post(test.runtime.executor(),
             [&] { asio::post(test.runtime.executor(), [&] { left = source.left(); }); });
  CHECK(test.names(selected).empty());
  CHECK(left > 0);
}

}  // namespace
}  // namespace errand::test
