// SPDX-License-Identifier: Apache-2.0
//
// A runtime whose time jumps: hours of timeouts, retries and hedges run in milliseconds and in the
// same order each time. For tests and simulations of code that is written on this library.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "errand/concurrency/runtime.h"

namespace errand {

// Nothing is ready, no timer is armed, and somebody waits: what() names who.
class Deadlock : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {
struct OwnLoop {
  std::optional<asio::io_context> loop{std::in_place, 1};
};
}  // namespace detail

// Has a loop of its own, which turns only inside run(), advance() and run_until_idle(); none of
// these is called from there. Time starts at TimePoint{} and moves only by advance() and run().
class VirtualRuntime final : detail::OwnLoop, public Runtime {
 public:
  VirtualRuntime();
  ~VirtualRuntime() override;

  TimePoint now() const override { return now_; }
  // Since the beginning of time.
  Duration elapsed() const { return now_ - TimePoint{}; }

  // Runs what is ready; time stands still.
  void run_until_idle();
  // Lets `by` pass: every timer due on the way fires at its own instant.
  void advance(Duration by);
  // Runs `main` to its end and returns its value. Whenever nothing is ready, time jumps to the next
  // timer. Throws what `main` throws, and Deadlock.
  template <class T>
  T run(awaitable<T> main);
  // The same for several turns: starts `main`, which must end before the runtime does.
  void start(awaitable<void> main);

 private:
  void arm(TimePoint) override {}
  void run_to_end(awaitable<void> main);

  TimePoint now_{};
};

template <class T>
T VirtualRuntime::run(awaitable<T> main) {
  if constexpr (std::is_void_v<T>) {
    run_to_end(std::move(main));
  } else {
    // Shared with main, which goes on living when run() throws.
    const auto value = std::make_shared<std::optional<T>>();
    auto body = [](awaitable<T> inner, std::shared_ptr<std::optional<T>> slot) -> awaitable<void> {
      slot->emplace(co_await std::move(inner));
    };
    run_to_end(body(std::move(main), value));
    return std::move(**value);
  }
}

}  // namespace errand
