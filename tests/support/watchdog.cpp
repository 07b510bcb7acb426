// SPDX-License-Identifier: Apache-2.0
#include "support/watchdog.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "support/sanitized.h"

namespace errand::test {
namespace {

using std::chrono::milliseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;
using std::chrono::seconds;

constexpr seconds kUnitLimit{10};
constexpr int kSanitizerFactor = 5;

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(STDERR_FILENO, text.data(), text.size());
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

double slowness() {
  const char* const text = std::getenv("ERRAND_TEST_SLOWNESS");
  const double factor = text ? std::strtod(text, nullptr) : 1;
  return (factor > 0 ? factor : 1) * (kSanitized ? kSanitizerFactor : 1);
}

// Returns the part of a processor that a thread gets while as many run as now, without the caller.
double processor_share() {
  std::ifstream in("/proc/loadavg");
  double average = 0;
  long running = 0;
  in >> average >> average >> average >> running;
  const double others = static_cast<double>(running) - 1;
  return others <= 0 ? 1 : std::min(1.0, std::thread::hardware_concurrency() / others);
}

std::string text_of(Milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  return text.substr(0, text.find('.') + 2);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<pid_t> children_of(const std::string& process) {
  std::vector<pid_t> found;
  std::error_code gone;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + process + "/task", gone)) {
    std::ifstream in(thread.path() / "children");
    found.insert(found.end(), std::istream_iterator<pid_t>(in), {});
  }
  return found;
}

std::vector<pid_t> descendants() {
  std::vector<pid_t> found = children_of("self");
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::ranges::copy(children_of(std::to_string(found[i])), std::back_inserter(found));
  }
  return found;
}

std::string describe_process(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::string words = content(folder + "/cmdline");
  std::ranges::replace(words, '\0', ' ');
  return "  " + std::to_string(pid) + " in " + content(folder + "/wchan") + ": " + words + "\n";
}

// Never destroyed, because its thread runs until the process ends.
class Watchdog {
 public:
  static Watchdog& instance() {
    static Watchdog& only = *new Watchdog;
    return only;
  }

  void begin(const std::string& name, std::string_view tags) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(has_thread_, true)) start_thread();
    test_thread_ = ::pthread_self();
    name_ = name;
    limit_ = granted_ = left_ = limit_of(tags, usual) * slowness();
    running_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }

  void add(const AliveReport& report) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(&report);
  }
  void remove(const AliveReport& report) {
    const std::lock_guard lock(mutex_);
    std::erase(reports_, &report);
  }

  static constinit inline seconds usual = kUnitLimit;

 private:
  static constexpr milliseconds kTick{100};

  // The thread takes no signals, so that those for the tests reach the thread that expects them.
  void start_thread() {
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { watch(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  // Counts short waits instead of reading a clock, so that a machine that is asleep ends no test.
  // When the time is up, the part of it that went to other processes is granted once more. The
  // share is not read before, because that opens a descriptor, and tests count these.
  void watch() {
    std::unique_lock lock(mutex_);
    for (;;) {
      never_.wait_for(lock, kTick);
      if (!running_ || (left_ -= kTick) > Milliseconds(0)) continue;
      left_ = granted_ *= 1 - processor_share();
      if (granted_ < kTick) bark();
    }
  }

  // The test's thread describes what it works on, since it alone may read it. It may be beyond
  // answering: a signal that it blocks, or the heap's lock that it holds.
  [[noreturn]] void bark() {
    print("\nwatchdog: '" + name_ + "' has not ended within " + text_of(limit_) +
          "s; still alive:\n");
    ::signal(SIGABRT, SIG_DFL);  // Catch2's handler would run on this thread beside the test's
    ::signal(SIGUSR2, [](int) { instance().report(); });
    ::pthread_kill(test_thread_, SIGUSR2);
    constexpr int kTicksMax = 50;
    for (int i = 0; i < kTicksMax && !reported_; ++i) ::poll(nullptr, 0, kTick.count());
    if (!reported_) print("the test's thread does not answer\n");
    // They would keep ctest waiting for the end of the output.
    const std::vector<pid_t> processes = descendants();
    if (!processes.empty()) print("processes:\n");
    for (const pid_t pid : processes) print(describe_process(pid));
    for (const pid_t pid : processes) ::kill(pid, SIGKILL);
    std::abort();
  }

  // Runs in a signal handler while the other thread holds the mutex.
  [[noreturn]] void report() {
    for (const AliveReport* report : reports_) print(report->text());
    reported_ = true;
    for (;;) ::pause();
  }

  std::mutex mutex_;
  std::condition_variable never_;
  bool has_thread_ = false;
  pthread_t test_thread_{};
  std::string name_;
  Milliseconds limit_{}, granted_{}, left_{};
  bool running_ = false;
  std::atomic<bool> reported_ = false;
  std::vector<const AliveReport*> reports_;
};

}  // namespace

AliveReport::AliveReport(std::function<std::string()> text) : text_(std::move(text)) {
  Watchdog::instance().add(*this);
}

AliveReport::~AliveReport() { Watchdog::instance().remove(*this); }

TestLimit::TestLimit(seconds limit) { Watchdog::usual = limit; }

seconds limit_of(std::string_view tags, seconds usual) {
  constexpr std::string_view kTag = "[long:";
  const std::size_t at = tags.find(kTag);
  if (at == tags.npos) return usual;
  const std::string_view rest = tags.substr(at + kTag.size());
  int count = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  return error == std::errc() && count > 0 ? seconds(count) : usual;
}

void watch_test(const std::string& name, std::string_view tags) {
  Watchdog::instance().begin(name, tags);
}

void unwatch_test() { Watchdog::instance().end(); }

}  // namespace errand::test
