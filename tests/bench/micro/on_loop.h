// SPDX-License-Identifier: Apache-2.0
//
// A benchmark whose body is a coroutine on an event loop in real time.
#pragma once

#include <benchmark/benchmark.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <utility>

#include "errand/concurrency/context.h"
#include "errand/concurrency/runtime.h"
#include "micro/allocations.h"

namespace errand::bench {

struct Bench {
  Runtime& runtime;
  benchmark::State& state;
  Context context = Context::background(runtime);
};

// Runs Body(bench), which loops over bench.state, and counts its allocations for each iteration.
template <auto Body>
void on_loop(benchmark::State& state) {
  asio::io_context loop(1);
  Runtime runtime(loop.get_executor());
  const std::uint64_t before = allocations();
  asio::co_spawn(loop, Body(Bench{runtime, state}), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  loop.run();
  const auto made = static_cast<double>(allocations() - before);
  state.counters["allocs"] = benchmark::Counter(made, benchmark::Counter::kAvgIterations);
}

}  // namespace errand::bench
