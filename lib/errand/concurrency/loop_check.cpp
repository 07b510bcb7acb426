// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/loop_check.h"

#include <signal.h>

#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

namespace errand {
namespace {

constexpr std::chrono::seconds kCheckTimeout{2};  // also for a machine that has much else to do

}  // namespace

Error check_loop(asio::io_context& loop) {
  using Time = std::chrono::steady_clock;
  bool signal_came = false, time_came = false;
  asio::signal_set signals(loop, SIGCHLD);
  signals.async_wait([&](const std::error_code&, int) { signal_came = true; });
  asio::steady_timer timer(loop, Time::duration());
  timer.async_wait([&](const std::error_code&) { time_came = true; });
  ::raise(SIGCHLD);  // its handler has run when this returns
  const Time::time_point until = Time::now() + kCheckTimeout;
  while (!(signal_came && time_came) && loop.run_one_until(until) > 0) {
  }
  if (!(signal_came && time_came)) loop.poll();  // it may be we who were late
  const char* const missing = !signal_came ? "signals" : !time_came ? "its timer" : nullptr;
  signals.cancel();
  timer.cancel();
  loop.poll();  // their handlers are not to outlive us
  loop.restart();
  if (!missing) return {};
  return Error::text(std::string("cannot start: the event loop does not hear of ") + missing +
                     " (epoll_ctl)");
}

}  // namespace errand
