// SPDX-License-Identifier: Apache-2.0
//
// Tests with real processes on a real clock.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"
#include "errand/process/process.h"
#include "errand/process/reaper.h"
#include "support/catch.h"
#include "support/watchdog.h"

namespace errand::test {

using namespace std::chrono_literals;

inline int open_descriptors() {
  int count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir)) ++count;
  ::closedir(dir);
  return count;
}

inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// Keeps what a process writes, and calls back for each piece.
class Kept final : public OutputReceiver {
 public:
  Error write(OutputStream stream, std::string_view bytes) override {
    (stream == OutputStream::out ? out : err).append(bytes);
    both.append(bytes);
    if (on_write) on_write();
    return refuse;
  }
  bool behind() const override { return false; }
  awaitable<void> caught_up(Context) override { co_return; }

  std::string out, err, both;
  std::function<void()> on_write;
  Error refuse;
};

// A loop with a reaper; at the end proves that no descriptor, child, timer or registration is left.
class ProcessTest {
 public:
  ProcessTest() : descriptors_(open_descriptors()) {
    loop_ = std::make_unique<asio::io_context>(1);
    runtime_ = std::make_unique<Runtime>(loop_->get_executor());
    reaper_ = std::make_unique<Reaper>(*runtime_);
    alive_.emplace([this] { return runtime_->describe(); });
    base_ = std::make_shared<const std::vector<std::string>>(
        std::vector<std::string>{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"});
  }
  ProcessTest(const ProcessTest&) = delete;
  ProcessTest& operator=(const ProcessTest&) = delete;
  ~ProcessTest() {
    const std::vector<std::string> strays = run(reaper_->kill_strays());
    CHECK(strays == expected_strays);
    CHECK(reaper_->processes() == 0);
    CHECK_FALSE(has_children());
    const Runtime::Counts left = runtime_->counts();
    CHECK(left.children == 0);
    CHECK(left.timers == 0);
    CHECK(left.registrations == 0);
    alive_.reset();
    reaper_.reset();
    runtime_.reset();
    loop_.reset();
    CHECK(open_descriptors() == descriptors_);
  }

  Runtime& runtime() { return *runtime_; }
  Reaper& reaper() { return *reaper_; }
  Context background() { return Context::background(*runtime_); }

  // Runs the loop until `main` has ended.
  template <class T>
  T run(awaitable<T> main) {
    std::optional<T> value;
    std::exception_ptr thrown;
    auto done = [&](std::exception_ptr exception, T result) {
      thrown = std::move(exception);
      value.emplace(std::move(result));
      loop_->stop();
    };
    asio::co_spawn(*loop_, std::move(main), done);
    loop_->restart();
    loop_->run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }

  Command command(std::vector<std::string> argv) {
    Command made;
    made.argv = std::move(argv);
    made.env = base_;
    return made;
  }
  Command probe(std::vector<std::string> steps) {
    steps.insert(steps.begin(), ERRAND_PROBE);
    return command(std::move(steps));
  }
  ProcessEnd run(Command command, OutputReceiver& receiver) {
    return run(run_process(*reaper_, background(), background(), command, {}, receiver));
  }

  std::vector<std::string> expected_strays;

 private:
  int descriptors_;
  std::unique_ptr<asio::io_context> loop_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Reaper> reaper_;
  std::shared_ptr<const std::vector<std::string>> base_;
  std::optional<AliveReport> alive_;
};

}  // namespace errand::test
