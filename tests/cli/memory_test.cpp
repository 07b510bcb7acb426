// SPDX-License-Identifier: Apache-2.0
//
// errand when there is no memory left, made by `ulimit -v`.
#include <csignal>

#include "support/cli.h"

namespace errand::test {
namespace {

constexpr int kKibMin = 1 << 10, kKibMax = 1 << 20;

Call limited(std::vector<std::string> args, int kib) {
  Call call{std::move(args)};
  call.prefix = {"/bin/sh", "-c", "ulimit -v " + std::to_string(kib) + "; exec \"$@\"", "sh"};
  return call;
}

bool succeeds(const std::vector<std::string>& args, int kib) {
  CliTest test;
  return test.start(limited(args, kib))->finish_killed().how() == "exit 0";
}

// The least address space with which it succeeds, to a step of 1/64 of it.
int least_kib(const std::vector<std::string>& args) {
  int low = kKibMin, high = kKibMax;
  while (high - low > high / 64) {
    const int middle = low + (high - low) / 2;
    (succeeds(args, middle) ? high : low) = middle;
  }
  return high;
}

TEST_CASE("[F4.10] out of memory is one line and 125, and nothing is left") {
  if (kSanitized) return;  // sanitizers reserve terabytes of addresses
  const std::vector<std::vector<std::string>> runs = {
      {"exec", "-q", "exec 9>$HELD; seq 1 2000000", "exec 9>$HELD; seq 1 2000000"},
      {"exec", "-q", "-j", "0", "printf '%0900000d' 1", "exec 9>$HELD; cat"},
  };
  const int least_of_all = least_kib({"--version"});
  for (const std::vector<std::string>& args : runs) {
    CAPTURE(args);
    const int least = least_kib(args);
    REQUIRE(least > least_of_all);
    int failed = 0;
    for (int i = 0; i < 10; ++i) {
      const int kib = least_of_all + (least - least_of_all) * i / 10;
      CAPTURE(kib);
      CliTest test;
      const Ended end = test.start(limited(args, kib))->finish_killed();
      CHECK_FALSE(test.held());
      if (end.how() == "exit 0") continue;  // near the border it is a matter of chance
      ++failed;
      CHECK(end.how() == "exit 125");
      CHECK(count(end.err, "\n") == 1);
      CHECK(contains(end.err, "errand: out of memory"));
    }
    CHECK(failed >= 8);
  }
}

TEST_CASE("[F4.10] no memory for a thread is no memory") {
  if (kSanitized) return;
  CliTest test;
  // Some room beyond what a run needs, but none for the stack of the thread that looks up the name.
  const int kib = least_kib({"exec", "-q", "exec 9>$HELD; true"}) + (2 << 10);
  test.write(
      "errand.yaml",
      "tasks: { db: { service: true, ready: { tcp: 'db.invalid:1', timeout: 20s }, run: exec "
      "9>$HELD; exec sleep 1000 }, a: { needs: [db], run: x } }");
  const Ended end = test.start(limited({"run"}, kib))->finish_killed();
  CHECK(end.how() == "exit 125");
  CHECK(contains(end.err, "errand: out of memory"));
  CHECK_FALSE(test.held());
}

}  // namespace
}  // namespace errand::test
