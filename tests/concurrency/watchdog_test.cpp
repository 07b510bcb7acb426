// SPDX-License-Identifier: Apache-2.0
//
// The watchdog of every test binary, tried with the hidden tests of support/hangs.cpp, which this
// binary runs in a process of its own.
#include "support/watchdog.h"

#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/catch.h"

namespace errand::test {
namespace {

using namespace std::chrono_literals;

struct Ended {
  int status = 0;
  std::string output;
};

// Runs a test of this binary with a hundredth of its limit.
Ended run_hidden(const std::string& test) {
  const std::string binary = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "exec env ERRAND_TEST_SLOWNESS=0.01 '" + binary + "' '" + test + "' 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe);
  Ended ended;
  std::array<char, 4096> piece;
  for (std::size_t size = 0; (size = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    ended.output.append(piece.data(), size);
  }
  ended.status = ::pclose(pipe);
  return ended;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST_CASE("a test that hangs is ended with a report of what is alive") {
  const auto [status, output] = run_hidden("hangs in the loop");
  INFO(output);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(contains(output, "watchdog: 'hangs in the loop' has not ended within "));
  CHECK(contains(output, "timers: 1\n  work in "));
  CHECK(contains(output, "children: 1\n  build/compile\n"));
  CHECK(contains(output, ": sleep 3600"));
}

TEST_CASE("a test that hangs outside the loop is ended, too") {
  const auto [status, output] = run_hidden("hangs without a loop");
  INFO(output);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(contains(output, "watchdog: 'hangs without a loop' has not ended within "));
}

TEST_CASE("a tag raises the limit of a test") {
  CHECK(limit_of("[.hangs][#file]", 10s) == 10s);
  CHECK(limit_of("[#file][long:120]", 10s) == 120s);
  CHECK(limit_of("[long:soon]", 10s) == 10s);
  CHECK(limit_of("[long:0]", 10s) == 10s);
}

}  // namespace
}  // namespace errand::test
