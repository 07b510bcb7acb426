// SPDX-License-Identifier: Apache-2.0
//
// Starting and joining children that do nothing, in a Group and by bare asio::co_spawn.
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "errand/concurrency/event.h"
#include "errand/concurrency/group.h"
#include "micro/on_loop.h"

namespace errand::bench {
namespace {

awaitable<Error> nothing(Context) { co_return Error(); }

awaitable<void> group_of_one(Bench bench) {
  while (bench.state.KeepRunning()) {
    Group group(bench.context);
    group.go("child", nothing);
    benchmark::DoNotOptimize(co_await group.wait());
  }
}

awaitable<void> spawn_one(Bench bench) {
  while (bench.state.KeepRunning()) {
    benchmark::DoNotOptimize(co_await asio::co_spawn(bench.runtime.executor(),
                                                     nothing(bench.context), asio::use_awaitable));
  }
}

awaitable<void> group_of_many(Bench bench) {
  const std::int64_t count = bench.state.range(0);
  while (bench.state.KeepRunningBatch(count)) {
    Group group(bench.context);
    for (std::int64_t i = 0; i < count; ++i) group.go("child", nothing);
    benchmark::DoNotOptimize(co_await group.wait());
  }
}

// What Group does, without names, causes, limits and failures: count the ends, wake at the last.
awaitable<void> spawn_many(Bench bench) {
  const std::int64_t count = bench.state.range(0);
  while (bench.state.KeepRunningBatch(count)) {
    std::int64_t alive = count;
    Error first;
    Event all_ended(bench.runtime);
    for (std::int64_t i = 0; i < count; ++i) {
      asio::co_spawn(bench.runtime.executor(), nothing(bench.context),
                     [&](std::exception_ptr, Error error) {
                       if (error && !first) first = std::move(error);
                       if (--alive == 0) all_ended.set();
                     });
    }
    co_await all_ended.wait();
  }
}

// Rows of scripts/bench-library; "ROW/bare" is the same without the library.
BENCHMARK(on_loop<group_of_one>)->Name("group of one");
BENCHMARK(on_loop<spawn_one>)->Name("group of one/bare");
BENCHMARK(on_loop<group_of_many>)->Name("child of 1000")->Arg(1000);
BENCHMARK(on_loop<spawn_many>)->Name("child of 1000/bare")->Arg(1000);
BENCHMARK(on_loop<group_of_many>)->Name("child of 1000000")->Arg(1'000'000);
BENCHMARK(on_loop<spawn_many>)->Name("child of 1000000/bare")->Arg(1'000'000);

}  // namespace
}  // namespace errand::bench
