// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "errand/concurrency/context.h"
#include "errand/concurrency/virtual_runtime.h"
#include "support/catch.h"
#include "support/watchdog.h"

namespace errand::test {

using namespace std::chrono_literals;

// A virtual clock for one test, which at the end proves that nothing has been left behind.
class VirtualTest {
 public:
  VirtualTest() = default;
  VirtualTest(const VirtualTest&) = delete;
  VirtualTest& operator=(const VirtualTest&) = delete;
  ~VirtualTest() {
    runtime.run_until_idle();
    const Runtime::Counts left = runtime.counts();
    CHECK(left.children == 0);
    CHECK(left.timers == 0);
    CHECK(left.registrations == 0);
  }

  Context background() { return Context::background(runtime); }
  template <class T>
  T run(awaitable<T> main) {
    return runtime.run(std::move(main));
  }
  Duration elapsed() const { return runtime.elapsed(); }

  VirtualRuntime runtime;

 private:
  AliveReport alive_{[this] { return runtime.describe(); }};
};

// A child that ends after `delay` with `error`, whatever its context says.
inline auto ends(Duration delay, Error error = {}) {
  return [=](Context context) -> awaitable<Error> {
    co_await without_cancel(context).sleep(delay);
    co_return error;
  };
}

// A child that ends when its context does, with the context's error.
inline auto until_canceled() {
  return [](Context context) -> awaitable<Error> { co_return co_await context.sleep(1000h); };
}

}  // namespace errand::test

template <>
struct Catch::StringMaker<errand::Error> {
  static std::string convert(const errand::Error& error) {
    return error ? "error '" + error.message() + "'" : "no error";
  }
};
