// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the report layer share: a loop, descriptors that can be read back, a plan by
// hand.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errand/concurrency/context.h"
#include "errand/events/events.h"
#include "errand/io/unique_fd.h"
#include "errand/io/writer.h"
#include "support/catch.h"
#include "support/watchdog.h"

namespace errand::test {

using namespace std::chrono_literals;

// A real loop that runs as far as it can without waiting, or until a coroutine has ended.
class Loop {
 public:
  Loop() { ::signal(SIGPIPE, SIG_IGN); }
  void poll() {
    loop_.restart();
    loop_.poll();
  }
  template <class T>
  T run(awaitable<T> main) {
    std::optional<T> value;
    auto on_end = [&](std::exception_ptr, T result) { value = std::move(result); };
    asio::co_spawn(loop_, std::move(main), on_end);
    loop_.restart();
    while (!value) loop_.run_one();
    return std::move(*value);
  }
  // Starts `main`; true in the result once it has ended.
  std::shared_ptr<bool> start(awaitable<void> main) {
    auto ended = std::make_shared<bool>(false);
    asio::co_spawn(loop_, std::move(main), [ended](std::exception_ptr) { *ended = true; });
    return ended;
  }

 private:
  asio::io_context loop_{1};

 public:
  Runtime runtime{loop_.get_executor()};
  Context context = Context::background(runtime);

 private:
  AliveReport alive_{[this] { return runtime.describe(); }};
};

struct Pipe {
  Pipe() {
    std::array<int, 2> fds;
    REQUIRE(::pipe2(fds.data(), O_CLOEXEC) == 0);
    read = UniqueFd(fds[0]);
    write = UniqueFd(fds[1]);
  }
  UniqueFd read, write;
};

// What can be read from a pipe or socket without waiting.
inline std::string drain(int fd, std::size_t bytes_max = std::string::npos) {
  std::string text;
  std::array<char, 65536> piece;
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  while (text.size() < bytes_max) {
    const auto got = ::read(fd, piece.data(), std::min(piece.size(), bytes_max - text.size()));
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::fcntl(fd, F_SETFL, flags);
  return text;
}

// A regular file, as in `errand run > file`.
class OutputFile {
 public:
  OutputFile() : fd_(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) { REQUIRE(fd_); }
  int fd() const { return fd_.get(); }
  std::string text() const {
    std::string text(static_cast<std::size_t>(::lseek(fd_.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd_.get(), text.data(), text.size(), 0) == static_cast<::ssize_t>(text.size()));
    return text;
  }

 private:
  UniqueFd fd_;
};

class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "errand-test.XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? drain(fd.get()) : "(no file)";
}

// A plan made by hand: names with '/' belong to the group before the last one.
inline Plan make_plan(const std::vector<std::string>& names, Mode mode = Mode::errgroup) {
  std::vector<Task> tasks(1);
  tasks[0].is_group = true;
  tasks[0].mode = mode;
  for (const std::string& name : names) {
    Task task;
    task.id = static_cast<TaskId>(tasks.size());
    task.full_name = name;
    const auto slash = name.rfind('/');
    for (Task& group : tasks) {
      if (slash == name.npos || group.full_name != name.substr(0, slash)) continue;
      group.is_group = true;
      group.run = Run();
      task.parent = group.id;
    }
    task.name = slash == name.npos ? name : name.substr(slash + 1);
    task.run = Script{"make " + task.name};
    tasks[task.parent].children.push_back(task.id);
    tasks.push_back(std::move(task));
  }
  return Plan(std::move(tasks));
}

// 2026-01-02T03:04:05.678Z, plus `since`.
inline RunEvent at(Duration since, EventKind kind) {
  const auto start = WallTime(std::chrono::milliseconds(1767323045678));
  return {start + std::chrono::duration_cast<WallTime::duration>(since), since, std::move(kind)};
}

inline TaskEnded succeeded(const Task& task, Duration duration = 1200ms) {
  TaskEnded ended;
  ended.task = &task;
  ended.status = ExitStatus::exited(0);
  ended.attempts = 1;
  ended.duration = duration;
  return ended;
}

inline TaskEnded failed(const Task& task, int code, Duration duration = 3100ms) {
  TaskEnded ended = succeeded(task, duration);
  ended.state = TaskState::failed;
  ended.status = ExitStatus::exited(code);
  ended.error = Error::text(ended.status->text());
  return ended;
}

// Never started.
inline TaskEnded unstarted(const Task& task, TaskState state, const std::string& why) {
  TaskEnded ended;
  ended.task = &task;
  ended.state = state;
  ended.error = Error::text(why);
  return ended;
}

}  // namespace errand::test
