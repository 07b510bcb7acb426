// SPDX-License-Identifier: Apache-2.0
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <vector>

#include "errand/concurrency/group.h"
#include "micro/on_loop.h"

namespace errand::bench {
namespace {

constexpr int kBranches = 100;  // under the root, each with as many contexts in all: 10,000

// The root's descendants: children, and their children.
std::vector<Context> descendants_of(const Context& root) {
  std::vector<Context> contexts;
  contexts.reserve(kBranches * kBranches);
  for (int branch = 0; branch < kBranches; ++branch) {
    const Context child = with_cancel(root).first;
    contexts.push_back(child);
    for (int i = 1; i < kBranches; ++i) contexts.push_back(with_cancel(child).first);
  }
  return contexts;
}

awaitable<void> derive(Bench bench) {
  auto [parent, cancel] = with_cancel(bench.context);
  while (bench.state.KeepRunning()) benchmark::DoNotOptimize(with_cancel(parent));
  co_return;
}

void set_time_since(benchmark::State& state, TimePoint began) {
  state.SetIterationTime(std::chrono::duration<double>(Clock::now() - began).count());
}

awaitable<void> derive_descendants(Bench bench) {
  while (bench.state.KeepRunning()) {
    auto [root, cancel] = with_cancel(bench.context);
    const TimePoint began = Clock::now();
    const std::vector<Context> contexts = descendants_of(root);
    set_time_since(bench.state, began);
  }
  co_return;
}

awaitable<void> cancel_descendants(Bench bench) {
  while (bench.state.KeepRunning()) {
    auto [root, cancel] = with_cancel(bench.context);
    const std::vector<Context> contexts = descendants_of(root);
    const TimePoint began = Clock::now();
    cancel();
    set_time_since(bench.state, began);
  }
  co_return;
}

awaitable<Error> wait_done(Context context) {
  co_await context.wait_done();
  co_return Error();
}

// Until the last of those who wait has ended.
awaitable<void> cancel_waiters(Bench bench) {
  while (bench.state.KeepRunning()) {
    auto [root, cancel] = with_cancel(bench.context);
    Group group(bench.context);
    for (Context& context : descendants_of(root)) {
      group.go("waiter", [context](Context) { return wait_done(context); });
    }
    co_await asio::post(bench.runtime.executor(), asio::use_awaitable);  // after their starts
    const TimePoint began = Clock::now();
    cancel();
    co_await group.wait();
    set_time_since(bench.state, began);
  }
}

awaitable<void> register_and_stop(Bench bench) {
  auto [context, cancel] = with_cancel(bench.context);
  while (bench.state.KeepRunning()) {
    Registration registration = after_func(context, [] {});
    benchmark::DoNotOptimize(registration.stop());
  }
  co_return;
}

// Rows of scripts/bench-library; "ROW/bare" is the same without the library.
BENCHMARK(on_loop<derive>)->Name("derive a context");
BENCHMARK(on_loop<derive_descendants>)->Name("derive 10000 descendants")->UseManualTime();
BENCHMARK(on_loop<cancel_descendants>)->Name("cancel 10000 descendants")->UseManualTime();
BENCHMARK(on_loop<cancel_waiters>)->Name("cancel 10000 waiting children")->UseManualTime();
BENCHMARK(on_loop<register_and_stop>)->Name("after_func and stop");

}  // namespace
}  // namespace errand::bench
