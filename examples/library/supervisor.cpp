// SPDX-License-Identifier: Apache-2.0
//
// A supervisor: services are independent of each other, one that fails is started again, and all
// are stopped together.
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "errand/concurrency/joiners.h"
#include "errand/concurrency/retry.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// Runs until it is told to stop.
awaitable<Error> web(Context context, int) {
  co_await context.wait_done();
  co_return context.done_error();
}

// Loses its connection twice.
awaitable<Error> feed(Context context, int run) {
  if (Error stopped = co_await context.sleep(run < 2 ? 3s : 1h)) co_return stopped;
  co_return Error::text("connection lost");
}

awaitable<Error> broken(Context context, int) {
  if (Error stopped = co_await context.sleep(1s)) co_return stopped;
  throw std::runtime_error("a bug");
}

}  // namespace

// [supervisor]
using Service = std::function<awaitable<Error>(Context, int run)>;

const Error Shutdown = Error::text("shutdown");

awaitable<Error> keep_running(Context context, std::string name, Service service) {
  RetryOptions options;
  options.max_attempts = {};  // no limit
  options.backoff = {.initial = 1s, .growth = Growth::constant, .jitter = Jitter::none};
  options.on_retry = [name](const Retrying& failed) {
    std::printf("%s: %s, again in %s\n", name.c_str(), failed.error.message().c_str(),
                format_duration(failed.delay).c_str());
  };
  co_return co_await retry(context, options, service);
}

awaitable<void> supervise(Context context) {
  GroupOptions options;
  options.on_failure = OnFailure::keep_going;
  options.keep_outcomes = true;
  Group group(context, options);
  group.go("web", [](Context c) { return keep_running(c, "web", web); });
  group.go("feed", [](Context c) { return keep_running(c, "feed", feed); });
  group.go("broken", [](Context c) { return keep_running(c, "broken", broken); });

  co_await context.sleep(1min);
  group.cancel(Shutdown);
  co_await group.wait();
  for (const Outcome& outcome : group.outcomes()) {
    std::printf("%s %s: %s\n", outcome.name.c_str(), std::string(to_string(outcome.state)).c_str(),
                outcome.error.message().c_str());
  }
}
// [end]

int main() {
  VirtualRuntime runtime;
  runtime.run(supervise(Context::background(runtime)));
}
