// SPDX-License-Identifier: Apache-2.0
//
// Fetch with a hedge: the first replica is slow today, so a second one is asked as well.
#include <chrono>
#include <cstdio>
#include <string>

#include "errand/concurrency/hedge.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

namespace {

// Stands for the network: replica 0 takes a second, all others 20 ms.
awaitable<Result<std::string>> ask(Context context, int replica) {
  if (Error stopped = co_await context.sleep(replica == 0 ? 1000ms : 20ms)) {
    std::printf("replica %d: %s\n", replica, stopped.message().c_str());
    co_return std::unexpected(stopped);
  }
  co_return "page from replica " + std::to_string(replica);
}

}  // namespace

// [fetch]
awaitable<Result<std::string>> fetch(Context context) {
  const Context limited = with_timeout(context, 500ms, Error::text("the page is late")).first;
  HedgeOptions<std::string> options;
  options.max_attempts = 3;
  options.delay = 50ms;  // or options.quantile: what 95 of 100 answers take
  co_return co_await hedge(limited, options, ask);
}
// [end]

int main() {
  VirtualRuntime runtime;
  const Result<std::string> page = runtime.run(fetch(Context::background(runtime)));
  std::printf("%s after %s\n", page ? page->c_str() : page.error().message().c_str(),
              format_duration(runtime.elapsed()).c_str());
}
