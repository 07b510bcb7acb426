// SPDX-License-Identifier: Apache-2.0
//
// A group on somebody else's Asio loop: the second child fails, the first is cancelled.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <utility>

#include "errand/concurrency/joiners.h"

using namespace errand;

namespace {

const Error Broken = Error::text("broken");

awaitable<Error> wait_long(Context context) {
  co_return co_await context.sleep(std::chrono::hours(1));
}

awaitable<Error> fail(Context) { co_return Broken; }

awaitable<Error> start_both(Group& group) {
  group.go("waits", wait_long);
  group.go("fails", fail);
  co_return Error();
}

awaitable<void> run(Runtime& runtime, Error& result) {
  GroupOptions options;
  result = co_await with_group(Context::background(runtime), std::move(options), start_both);
}

}  // namespace

int main() {
  asio::io_context loop;
  Runtime runtime(loop.get_executor());
  Error result;
  asio::co_spawn(loop, run(runtime, result), [](std::exception_ptr) {});
  loop.run();
  std::puts(result.message().c_str());
  return result.is(Broken) && runtime.counts() == Runtime::Counts{} ? 0 : 1;
}
