// SPDX-License-Identifier: Apache-2.0
#include "errand/report/files/result_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/fake_executor.h"
#include "support/report_fixture.h"
#include "support/secrets.h"

using namespace errand;
using namespace errand::test;

namespace {

// Remembers what it gets, as the console would show it.
class Shown final : public OutputTarget {
 public:
  class Sink final : public HeldSink {
   public:
    explicit Sink(Shown& shown) : shown_(shown) {}
    Error write(StdStream stream, std::string_view bytes) override {
      (stream == StdStream::out ? shown_.out : shown_.err) += bytes;
      return {};
    }
    bool behind() const override { return false; }
    awaitable<void> caught_up(Context) override { co_return; }
    Error keep() override {
      ++shown_.keeps;
      return {};
    }

   private:
    Shown& shown_;
  };
  explicit Shown(Capture way) : way_(way) {}
  Capture capture() const override { return way_; }
  std::unique_ptr<OutputSink> open(const Task&, int) override {
    return std::make_unique<Sink>(*this);
  }
  std::unique_ptr<HeldSink> hold(const Task&, int) override {
    return std::make_unique<Sink>(*this);
  }
  std::string out, err;
  int keeps = 0;

 private:
  Capture way_;
};

std::unique_ptr<ResultFolder> open_results(const std::string& path, OutputTarget& next,
                                           SpillSpace& space) {
  auto opened = ResultFolder::open(path, next, space);
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

struct ResultsTest {
  void begin(const Plan* plan, const std::string& run = "r1") {
    results = open_results(path, shown, space);
    results->on(at(0s, RunStarted{run, "", Mode::errgroup, plan, 4}));
  }
  void end(const Task& task) { results->on(at(2s, succeeded(task))); }
  std::string read(const std::string& name) const { return read_file(path + "/" + name); }
  nlohmann::json result(const std::string& name) const {
    return nlohmann::json::parse(read(name + "/result.json"));
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(path + "/" + name); }
  // Runs a task of a stream that writes this.
  void run(const Task& task, const std::string& bytes) {
    results->open(task, 1)->write(StdStream::out, bytes);
    end(task);
  }

  Folder folder;
  const std::string path = folder / "deep/results";
  Shown shown{Capture::separate};
  SpillSpace space{folder.path()};
  std::unique_ptr<ResultFolder> results;
};

bool has_openat2() {
  const Folder folder;
  const UniqueFd fd(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  return static_cast<bool>(
      UniqueFd(static_cast<int>(::syscall(SYS_openat2, fd.get(), ".", &how, sizeof how))));
}

Task task_named(const std::string& name, TaskId id) {
  Task task;
  task.id = id;
  task.number = id;
  task.name = task.full_name = name;
  task.run = Script{"x"};
  return task;
}

}  // namespace

TEST_CASE_METHOD(ResultsTest, "what a task writes is in its files as it comes, and passed on") {
  const Plan plan = make_plan({"build"});
  begin(&plan);
  const auto sink = results->open(plan.task(1), 1);
  CHECK(read("build/stdout").empty());
  CHECK(read("build/stderr").empty());
  std::string all;
  for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
  sink->write(StdStream::out, all);
  sink->write(StdStream::err, "oops");
  CHECK(read("build/stdout") == all);
  sink->write(StdStream::out, "more");
  CHECK(read("build/stdout") == all + "more");
  CHECK(read("build/stderr") == "oops");
  CHECK(shown.out == all + "more");
  CHECK(shown.err == "oops");
  CHECK(results->capture() == Capture::separate);
}

TEST_CASE_METHOD(ResultsTest, "the result is there from the end on, in a report's words") {
  Plan plan = make_plan({"build"});
  std::vector<Task> tasks = plan.take_tasks();
  tasks[1].number = 5;
  tasks[1].masker = masker_of({"build"});
  plan = Plan(std::move(tasks));
  begin(&plan, "20260102-030405-abcd");
  const auto sink = results->open(plan.task(1), 1);
  CHECK_FALSE(exists("build/result.json"));
  TaskEnded ended = failed(plan.task(1), 2);
  ended.attempts = 3;
  results->on(at(4s, ended));
  CHECK(read("build/result.json") ==
        R"({"run":"20260102-030405-abcd","seq":5,"name":"build","command":"make ***",)"
        R"("status":"failed","cause":"exit 2","exit_code":2,"attempt_count":3,"flaky":false,)"
        R"("allowed":false,"started":"2026-01-02T03:04:06.578Z","duration":3.1})"
        "\n");
  CHECK_FALSE(results->finish());
}

TEST_CASE_METHOD(ResultsTest, "groups are folders, and what never started has none") {
  const Plan plan = make_plan({"g", "g/h", "g/h/t", "skipped"});
  begin(&plan);
  run(plan.task(3), "deep");
  results->on(at(2s, unstarted(plan.task(4), TaskState::skipped, "needs t")));
  results->on(at(2s, succeeded(plan.task(2))));
  CHECK(read("g/h/t/stdout") == "deep");
  CHECK(result("g/h/t").at("name") == "g/h/t");
  CHECK_FALSE(exists("g/h/result.json"));
  CHECK_FALSE(exists("skipped"));
}

TEST_CASE_METHOD(ResultsTest, "no name leads out of the folder, and none into another's") {
  begin(nullptr);
  const std::vector<std::string> names = {"../up", "..",    ".",    "/etc/x",
                                          "a/b",   "a%2Fb", "a\nb", "stdout"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    run(task_named(names[i], static_cast<TaskId>(i + 1)), names[i]);
  }
  CHECK(folder.entries() == 1);
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    CHECK(result(name).at("name").get<std::string>() == read(name + "/stdout"));
    ++found;
  }
  CHECK(found == names.size());
}

TEST_CASE_METHOD(ResultsTest, "tasks with one name have folders of their own, also after the end") {
  begin(nullptr);
  const Task first = task_named("a", 1), second = task_named("a", 2), third = task_named("a", 3);
  const auto one = results->open(first, 1), two = results->open(second, 1);
  one->write(StdStream::out, "1");
  two->write(StdStream::out, "2");
  end(first);
  end(second);
  run(third, "3");
  CHECK(read("a/stdout") == "1");
  CHECK(read("a#2/stdout") == "2");
  CHECK(read("a#3/stdout") == "3");
}

TEST_CASE_METHOD(ResultsTest, "the next run writes over the same tasks and leaves others") {
  begin(nullptr, "r1");
  const Task a = task_named("a", 1), b = task_named("b", 2);
  run(a, "long and old");
  run(b, "old");
  begin(nullptr, "r2");
  const auto sink = results->open(a, 1);
  CHECK_FALSE(exists("a/result.json"));
  CHECK(read("a/stdout").empty());
  sink->write(StdStream::out, "new");
  end(a);
  CHECK(read("a/stdout") == "new");
  CHECK(result("a").at("run") == "r2");
  CHECK(read("b/stdout") == "old");
  CHECK(result("b").at("run") == "r1");
  CHECK_FALSE(exists("a#1"));
}

TEST_CASE_METHOD(ResultsTest, "of several tries the files have the last") {
  begin(nullptr);
  const Task a = task_named("a", 1);
  const auto first = results->open(a, 1);
  first->write(StdStream::out, "first out");
  first->write(StdStream::err, "first err");
  results->open(a, 2)->write(StdStream::out, "2");
  end(a);
  CHECK(read("a/stdout") == "2");
  CHECK(read("a/stderr").empty());
}

TEST_CASE_METHOD(ResultsTest, "of hedges the files have the one that counts") {
  begin(nullptr);
  const Task a = task_named("a", 1);
  const auto first = results->hold(a, 1), second = results->hold(a, 2);
  first->write(StdStream::out, "lost");
  second->write(StdStream::out, "won ");
  second->write(StdStream::err, "e");
  CHECK(read("a/stdout").empty());
  CHECK_FALSE(second->keep());
  CHECK(shown.keeps == 1);
  CHECK(read("a/stdout") == "won ");
  second->write(StdStream::out, "more");
  CHECK_FALSE(second->keep());
  CHECK(read("a/stdout") == "won more");
  CHECK(read("a/stderr") == "e");
}

TEST_CASE_METHOD(ResultsTest, "streams stay apart in the files where they are shown as one") {
  Shown merging{Capture::merged};
  auto merged = open_results(path, merging, space);
  CHECK(merged->capture() == Capture::separate);
  const Task a = task_named("a", 1);
  const auto sink = merged->open(a, 1);
  sink->write(StdStream::out, "1");
  sink->write(StdStream::err, "2");
  sink->write(StdStream::out, "3");
  CHECK(merging.out == "123");
  CHECK(read("a/stdout") == "13");
  CHECK(read("a/stderr") == "2");
}

TEST_CASE_METHOD(ResultsTest, "more tasks at once than files are open") {
  begin(nullptr);
  constexpr TaskId kTasks = 3 * ResultFiles::kOpenMax;
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  std::vector<Task> tasks;
  for (TaskId id = 1; id <= kTasks; ++id) tasks.push_back(task_named(std::to_string(id), id));
  std::vector<std::unique_ptr<OutputSink>> sinks;
  for (const Task& task : tasks) sinks.push_back(results->open(task, 1));
  for (const char* bytes : {"a", "b", "c"}) {
    for (const auto& sink : sinks) {
      CHECK_FALSE(sink->write(StdStream::out, bytes));
      CHECK_FALSE(sink->write(StdStream::err, bytes));
    }
  }
  CHECK(open_files() - before == ResultFiles::kOpenMax);
  for (const Task& task : tasks) {
    CHECK(read(task.name + "/stdout") == "abc");
    CHECK(read(task.name + "/stderr") == "abc");
    end(task);
  }
  CHECK(open_files() == before);
}

TEST_CASE_METHOD(ResultsTest, "no link is followed on the way to a file") {
  begin(nullptr);
  const std::string outside = folder / "outside";
  std::ofstream(outside) << "mine";
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_directory(path + "/a");
  std::filesystem::create_symlink(outside, path + "/a/stdout");
  std::filesystem::create_symlink(folder / "elsewhere", path + "/b");
  const Task a = task_named("a", 1), b = task_named("b", 2);
  const Error error = results->open(a, 1)->write(StdStream::out, "x");
  CHECK(error.message() == "results '" + path + "/a/stdout': Too many levels of symbolic links");
  const Error other = results->open(b, 1)->write(StdStream::out, "x");
  CHECK(other.message() == "results '" + path + "/b': Not a directory");
  end(a);
  end(b);
  CHECK(read_file(outside) == "mine");
  CHECK(std::filesystem::is_empty(folder / "elsewhere"));
  CHECK_FALSE(results->finish());  // the attempts have told
}

TEST_CASE_METHOD(ResultsTest, "a group's folder that a task replaces by a link is not followed") {
  if (!has_openat2()) {
    WARN("skipped: this kernel has no openat2()");
    return;
  }
  const Plan plan = make_plan({"g", "g/a", "g/b", "g/c"});
  begin(&plan);
  const auto a = results->open(plan.task(2), 1);
  const auto b = results->open(plan.task(3), 1);
  CHECK_FALSE(a->write(StdStream::out, "x"));
  const std::filesystem::path outside = folder / "outside";
  std::filesystem::create_directories(outside / "b");
  std::ofstream(outside / "b/stdout") << "mine";
  std::filesystem::rename(path + "/g", folder / "moved");
  std::filesystem::create_symlink(outside, path + "/g");
  b->write(StdStream::out, "y");
  end(plan.task(2));
  end(plan.task(3));
  const Error error = results->open(plan.task(4), 1)->write(StdStream::out, "z");
  CHECK(error.message() == "results '" + path + "/g/c': Too many levels of symbolic links");
  end(plan.task(4));
  CHECK(read_file(outside / "b/stdout") == "mine");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(outside)) {
    found += entry.exists() ? 1 : 0;
  }
  CHECK(found == 2);
}

TEST_CASE_METHOD(ResultsTest, "a pipe in the place of a file holds nothing up") {
  begin(nullptr);
  std::filesystem::create_directory(path + "/a");
  REQUIRE(::mkfifo((path + "/a/stdout").c_str(), 0600) == 0);
  const Task a = task_named("a", 1);
  CHECK(results->open(a, 1)
            ->write(StdStream::out, "x")
            .message()
            .ends_with("No such device or address"));
}

TEST_CASE_METHOD(ResultsTest, "what no attempt could tell of is told at the end") {
  begin(nullptr);
  std::ofstream(path + "/a") << "a file";
  const Task a = task_named("a", 1);
  results->open(a, 1);
  end(a);
  CHECK(results->finish().message() == "results '" + path + "/a': Not a directory");
}

TEST_CASE("a folder that cannot be made is named") {
  Shown shown{Capture::separate};
  SpillSpace space("/tmp");
  const auto results = ResultFolder::open("/proc/no/results", shown, space);
  REQUIRE_FALSE(results.has_value());
  CHECK(results.error().message() == "results '/proc/no/results': No such file or directory");
}

TEST_CASE_METHOD(RunTest, "a run's results are its tasks', whatever their policies") {
  const Folder folder;
  SpillSpace space(folder.path());
  auto results = open_results(folder / "r", output, space);
  executor.attempts["tried"] = {{.exit_code = 1, .output = "first"}, {.output = "second"}};
  executor.attempts["hedged"] = {{.takes = 9s, .output = "slow"}, {.output = "quick"}};
  executor.behaviors["g/late"] = {.takes = 60s, .output = "begun"};
  const Plan checked = plan(
      "mode: aggregate\ntasks: { tried: { run: x, retry: 1 }, hedged: { run: x, hedge: { delay: 1s "
      "} }, g: { tasks: { late: { run: x, timeout: 3s } } }, after: { needs: g, run: x } }");
  Runner runner(executor, *results, *results, options);
  run(runner.run(background(), background(), checked));
  CHECK(read_file(folder / "r/tried/stdout") == "second");
  CHECK(read_file(folder / "r/hedged/stdout") == "quick");
  CHECK(read_file(folder / "r/g/late/stdout") == "begun");
  const auto late = nlohmann::json::parse(read_file(folder / "r/g/late/result.json"));
  CHECK(late.at("status") == "timed_out");
  CHECK(late.at("seq") == 3);
  CHECK_FALSE(std::filesystem::exists(folder / "r/after"));
  CHECK_FALSE(results->finish());
}
