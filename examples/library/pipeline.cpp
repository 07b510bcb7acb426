// SPDX-License-Identifier: Apache-2.0
//
// A pipeline whose last stage has had enough: the stages before it are stopped and joined.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "errand/concurrency/pipeline.h"
#include "errand/concurrency/virtual_runtime.h"

using namespace errand;
using namespace std::chrono_literals;

// [pipeline]
awaitable<Error> count(Context context, Channel<int>& out) {
  for (int number = 1;; ++number) {  // for ever
    if (Error unsent = co_await out.send(context, number)) {
      std::printf("count stops at %d: %s\n", number, unsent.message().c_str());
      co_return unsent;
    }
  }
}

awaitable<Result<std::string>> describe(Context context, int number) {
  if (Error stopped = co_await context.sleep(10ms)) co_return std::unexpected(stopped);
  co_return std::to_string(number) + " squared is " + std::to_string(number * number);
}

awaitable<Error> print_three(Context context, Channel<std::string>& in) {
  for (int line = 0; line < 3; ++line) {
    const Result<std::optional<std::string>> text = co_await in.recv(context);
    if (!text) co_return text.error();
    if (!*text) break;  // closed and drained
    std::printf("%s\n", (*text)->c_str());
  }
  co_return Error();
}

awaitable<Error> run(Context context) {
  Channel<int> numbers(2);
  Channel<std::string> lines(0);
  ErrorFns stages = {
      [&](Context c) { return count(c, numbers); },
      [&](Context c) { return stage(c, numbers, lines, describe); },
      [&](Context c) { return print_three(c, lines); },
  };
  co_return co_await pipeline(context, stages);
}
// [end]

int main() {
  VirtualRuntime runtime;
  const Error error = runtime.run(run(Context::background(runtime)));
  std::printf("%s after %s, %zu children left\n", error ? error.message().c_str() : "no error",
              format_duration(runtime.elapsed()).c_str(), runtime.counts().children);
}
