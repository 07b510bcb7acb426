// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/execution.hpp>
#include <utility>

namespace errand::detail {

// Runs a function at once, where it stands. As the executor of a coroutine's completion handler it
// makes the end of a child known before any other coroutine resumes: Asio would post the handler of
// a child that ended without suspending, and its siblings would run on in a group that has failed.
// Only for handlers that may run on top of the code that submits them; Asio's post() asks for
// blocking.never.
struct InlineExecutor {
  static constexpr asio::execution::blocking_t::never_t query(
      asio::execution::blocking_t) noexcept {
    return {};
  }
  template <class F>
  void execute(F&& function) const {
    std::forward<F>(function)();
  }
  friend bool operator==(const InlineExecutor&, const InlineExecutor&) noexcept = default;
};

}  // namespace errand::detail
