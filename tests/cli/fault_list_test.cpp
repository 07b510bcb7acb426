// SPDX-License-Identifier: Apache-2.0
//
// Every call of a list of system calls fails once, at each place of one run. strace injects the
// error. Whatever failed: errand ends soon, by itself, with 0 or with a word about it, and leaves
// nothing behind.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/cli.h"

namespace errand::test {
namespace {

struct Fault {
  const char* call;
  const char* error;
  const char* file = nullptr;  // only calls that concern it
};

// What the system may really answer to errand's own calls. Left out, because Asio ignores the
// answer and no kernel gives it: fcntl() that cannot make its new pipe non-blocking,
// timerfd_settime() with a timer that is there.
const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      {"pipe2", "EMFILE"},
      {"clone3", "EAGAIN"},
      {"clone3", "ENOMEM"},
      {"clone", "EAGAIN"},
      {"openat", "EMFILE"},
      {"openat", "EACCES"},
      {"write", "ENOSPC", "events.jsonl"},
      {"write", "EINTR", "events.jsonl"},
      {"pwrite64", "ENOSPC"},
      {"pread64", "EIO"},
      {"linkat", "EPERM"},
      {"rename", "EACCES"},
      {"fchmod", "EPERM"},
      {"getdents64", "ENOMEM"},
      {"faccessat2", "EACCES"},
      {"newfstatat", "EACCES"},
      {"readlink", "EACCES"},
      {"getcwd", "ENOENT"},
      {"epoll_create1", "EMFILE"},
      {"eventfd2", "EMFILE"},
      {"timerfd_create", "EMFILE"},
      {"epoll_ctl", "ENOMEM"},
      {"epoll_ctl", "ENOSPC"},
      {"epoll_wait", "EINTR"},
      {"pidfd_open", "EMFILE"},
      {"ioctl", "ENOTTY"},
      {"close", "EIO"},
      {"wait4", "EINTR"},
      {"waitid", "EINTR"},
      {"getpgid", "ESRCH"},
      {"sched_getaffinity", "EPERM"},
  };
  return all;
}

// ERRAND_FAULT_SHARD=I/N takes every N-th fault from the I-th on, so that ctest can run N parts at
// once; without it all of them.
struct Shard {
  std::size_t index = 0, count = 1;
};
Shard shard() {
  const char* text = std::getenv("ERRAND_FAULT_SHARD");
  if (!text) return {};
  Shard shard;
  char slash = 0;
  std::istringstream(text) >> shard.index >> slash >> shard.count;
  REQUIRE((slash == '/' && shard.index >= 1 && shard.index <= shard.count));
  --shard.index;
  return shard;
}

constexpr int kPlacesMax = 25;  // of one call; later ones repeat the earlier

// The injected call as strace has written it; empty when there was none.
std::string injected(const CliTest& test) {
  std::istringstream lines(test.read("trace"));
  for (std::string line; std::getline(lines, line);) {
    if (contains(line, "(INJECTED)")) return line;
  }
  return {};
}

TEST_CASE("a system call that fails once does errand no harm that it does not tell of") {
  const std::string strace = find_program("strace");
  if (strace.empty() || kSanitized) {
    WARN("skipped: needs strace, and a program without sanitizers");
    return;
  }
  CliTest test;
  test.write("errand.yaml", R"(
mode: aggregate
tasks:
  a: echo a
  cat: [cat]
  big: head -c 9000000 /dev/zero
  leaks: sleep 1000 &
)");
  const auto [first, step] = shard();
  for (std::size_t i = first; i < faults().size(); i += step) {
    const Fault& fault = faults()[i];
    for (int place = 1; place <= kPlacesMax; ++place) {
      CAPTURE(fault.call, fault.error, place);
      Call call{{"run", "--report", "json=report.json", "--report", "events=events.jsonl"}};
      const std::string what = std::string(fault.call) + ":error=" + fault.error;
      call.prefix = {strace, "-qq",
                     "-o",   test / "trace",
                     "-e",   "trace=" + std::string(fault.call),
                     "-e",   "inject=" + what + ":when=" + std::to_string(place)};
      if (fault.file) call.prefix.insert(call.prefix.end(), {"-P", test / fault.file});
      const Ended end = test.run(call);
      const std::string line = injected(test);
      if (line.empty()) break;
      CAPTURE(line);
      CHECK(end.signal == 0);
      if (end.code != 0) CHECK(contains(end.err, "err"));
      if (end.code == 125) CHECK(contains(last_lines(end.err, 1), "errand: "));
    }
  }
}

}  // namespace
}  // namespace errand::test
