// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/virtual_runtime.h"

#include <asio/co_spawn.hpp>

namespace errand {

VirtualRuntime::VirtualRuntime() : Runtime(loop.get_executor(), OwnTime{}) {}
VirtualRuntime::~VirtualRuntime() = default;

void VirtualRuntime::run_until_idle() {
  loop.restart();
  loop.poll();
  while (fire_due()) loop.poll();
}

void VirtualRuntime::advance(Duration by) {
  const TimePoint end = after(now_, by);
  run_until_idle();
  while (next_expiry() <= end && next_expiry() != TimePoint::max()) {
    now_ = std::max(now_, next_expiry());
    run_until_idle();
  }
  now_ = end;
}

bool VirtualRuntime::step() {
  run_until_idle();
  if (next_expiry() == TimePoint::max()) return false;
  now_ = std::max(now_, next_expiry());
  return true;
}

void VirtualRuntime::run_to_end(const bool& done) {
  run_until_idle();
  while (!done) {
    if (step() || done) continue;
    std::string who;
    for (const std::string& name : live_children()) who += " " + name;
    throw Deadlock("nothing can happen any more; still waiting:" +
                   (who.empty() ? std::string(" main") : who));
  }
  run_until_idle();
}

void VirtualRuntime::spawn(awaitable<void> main, std::function<void(std::exception_ptr)> on_end) {
  asio::co_spawn(loop, std::move(main), std::move(on_end));
}

void VirtualRuntime::start(awaitable<void> main) {
  spawn(std::move(main), [](std::exception_ptr exception) {
    if (exception) std::rethrow_exception(exception);
  });
}

template <>
void VirtualRuntime::run(awaitable<void> main) {
  bool done = false;
  std::exception_ptr thrown;
  spawn(std::move(main), [&](std::exception_ptr exception) {
    thrown = std::move(exception);
    done = true;
  });
  run_to_end(done);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace errand
