// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "errand/concurrency/joiners.h"
#include "support/process_test.h"

namespace errand::test {
namespace {

awaitable<Error> run_one(ProcessTest& test, Context context, Command command, StopRule rule,
                         OutputReceiver& receiver) {
  const ProcessEnd end =
      co_await run_process(test.reaper(), context, test.background(), command, rule, receiver);
  co_return end.status ? Error() : end.error;
}

TEST_CASE("2,000 processes one after another leave no descriptor open") {
  ProcessTest test;
  Kept kept;
  test.run(test.probe({"exit", "0"}), kept);
  const int before = open_descriptors();
  int failures = 0;
  for (int i = 0; i < 2000; ++i)
    failures += test.run(test.probe({"out", "x"}), kept).status != ExitStatus::exited(0);
  CHECK(failures == 0);
  CHECK(kept.out.size() == 4000);
  CHECK(open_descriptors() == before);
}

TEST_CASE("500 processes at once all start, and all are stopped") {
  ProcessTest test;
  constexpr std::size_t kCount = 500;
  const auto [context, cancel] = with_cancel(test.background());
  Kept kept;
  kept.on_write = [&, stop = cancel] {
    if (kept.out.size() == kCount) stop();
  };
  Group group(test.background(), {});
  for (std::size_t i = 0; i < kCount; ++i) {
    group.go("", [&, c = context](Context) {
      return run_one(test, c, test.probe({"raw", "x", "pause"}), {nullptr, std::chrono::hours(1)},
                     kept);
    });
  }
  CHECK(test.run(group.wait()).message() == "");
  CHECK(kept.out.size() == kCount);
}

TEST_CASE("output of many at once arrives whole") {
  ProcessTest test;
  constexpr std::size_t kCount = 40;
  std::vector<Kept> kept(kCount);
  GroupOptions options;
  options.limit = 8;
  Group group(test.background(), options);
  for (Kept& one : kept) {
    group.go("", [&](Context c) {
      return run_one(test, c, test.probe({"pattern", "1", "err", "end"}), {}, one);
    });
  }
  CHECK(test.run(group.wait()).message() == "");
  for (const Kept& one : kept) {
    CHECK(one.out.size() == 1024 * 1024);
    CHECK(one.out == kept.front().out);
    CHECK(one.err == "end\n");
  }
}

}  // namespace
}  // namespace errand::test
