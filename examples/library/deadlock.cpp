// SPDX-License-Identifier: Apache-2.0
//
// A test on the virtual clock: an hour passes at once, and who waits for ever is named.
#include <chrono>
#include <cstdio>
#include <optional>

#include "errand/concurrency/channel.h"
#include "errand/concurrency/joiners.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

// [deadlock]
awaitable<Error> sum(Context context, Channel<int>& in) {
  int total = 0;
  while (true) {
    const Result<std::optional<int>> number = co_await in.recv(context);
    if (!number) co_return number.error();
    if (!*number) break;
    total += **number;
  }
  std::printf("the sum is %d\n", total);
  co_return Error();
}

awaitable<Error> produce(Context context, Channel<int>& out) {
  for (int number = 1; number <= 3; ++number) {
    if (Error stopped = co_await context.sleep(20min)) co_return stopped;
    if (Error unsent = co_await out.send(context, number)) co_return unsent;
  }
  co_return Error();  // the mistake: nobody closes the channel
}

awaitable<Error> run(Context context) {
  Channel<int> numbers(0);
  GroupOptions options;
  options.name = "sums";
  auto body = [&](Group& group) -> awaitable<Error> {
    group.go("consumer", [&](Context c) { return sum(c, numbers); });
    group.go("producer", [&](Context c) { return produce(c, numbers); });
    co_return Error();
  };
  co_return co_await with_group(context, options, body);
}

int main() {
  VirtualRuntime runtime;
  try {
    runtime.run(run(Context::background(runtime)));
  } catch (const Deadlock& deadlock) {
    std::printf("after %s: %s\n", format_duration(runtime.elapsed()).c_str(), deadlock.what());
  }
}
// [end]
