// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/virtual_runtime.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <exception>
#include <string>

namespace errand {

VirtualRuntime::VirtualRuntime() : Runtime(loop->get_executor(), OwnTime{}) {}

// What the loop still holds refers to the runtime, so the loop goes first.
VirtualRuntime::~VirtualRuntime() { loop.reset(); }

void VirtualRuntime::run_until_idle() {
  do {
    loop->restart();  // a loop that has run out of work does not poll
    loop->poll();
  } while (fire_due());
}

void VirtualRuntime::advance(Duration by) {
  const TimePoint end = saturating_add(now_, by);
  run_until_idle();
  for (TimePoint next = next_expiry(); next <= end && next != TimePoint::max();
       next = next_expiry()) {
    now_ = std::max(now_, next);
    run_until_idle();
  }
  now_ = end;
}

void VirtualRuntime::run_to_end(awaitable<void> main) {
  struct End {
    bool reached = false;
    std::exception_ptr thrown;
  };
  const auto end = std::make_shared<End>();  // main goes on living when this call throws
  asio::co_spawn(*loop, std::move(main), [end](std::exception_ptr exception) {
    end->thrown = std::move(exception);
    end->reached = true;
  });
  run_until_idle();
  while (!end->reached) {
    const TimePoint next = next_expiry();
    if (next == TimePoint::max()) {
      std::string who;
      for (const std::string& name : live_children()) who += " " + name;
      throw Deadlock("nothing can happen any more; still waiting:" + (who.empty() ? " main" : who));
    }
    now_ = std::max(now_, next);
    run_until_idle();
  }
  if (end->thrown) std::rethrow_exception(end->thrown);
}

void VirtualRuntime::start(awaitable<void> main) {
  asio::co_spawn(*loop, std::move(main), [](std::exception_ptr exception) {
    if (exception) std::rethrow_exception(exception);
  });
}

}  // namespace errand
