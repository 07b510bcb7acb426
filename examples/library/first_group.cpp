// SPDX-License-Identifier: Apache-2.0
//
// A group on the event loop that your program has already.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstdio>

#include "errand/concurrency/joiners.h"

using namespace errand;

// [group]
awaitable<Error> watch(Context context) {
  co_await context.wait_done();
  std::printf("watch: %s\n", context.cause().message().c_str());
  co_return context.done_error();
}

awaitable<Error> load(Context) { co_return Error::text("no such table"); }

awaitable<Error> start_both(Group& group) {
  group.go("watch", watch);
  group.go("load", load);
  co_return Error();
}

awaitable<void> run(Runtime& runtime) {
  const Context context = Context::background(runtime);
  GroupOptions options;
  options.name = "start";
  const Error error = co_await with_group(context, options, start_both);
  std::printf("group: %s\n", error.message().c_str());
}

int main() {
  asio::io_context loop(1);              // yours
  Runtime runtime(loop.get_executor());  // one for each loop; outlives all contexts
  asio::co_spawn(loop, run(runtime), asio::detached);
  loop.run();
}
// [end]
