// SPDX-License-Identifier: Apache-2.0
//
// What retry, the breaker and the bulkhead need to know of the functions they run: such a function
// returns awaitable<Error> or awaitable<Result<T>>, and its failure can be read and made.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"

namespace errand::detail {

template <class A>
struct AwaitedBy;
template <class R>
struct AwaitedBy<awaitable<R>> {
  using type = R;
};
// What co_await f(args...) gives.
template <class F, class... Args>
using Awaited = AwaitedBy<std::invoke_result_t<F&, Args...>>::type;

inline Error error_of(const Error& error) { return error; }
template <class T>
Error error_of(const Result<T>& result) {
  return result ? Error() : result.error();
}

template <class R>
R failed(Error error) {
  if constexpr (std::is_same_v<R, Error>) {
    return error;
  } else {
    return R(std::unexpect, std::move(error));
  }
}

// The error of an operation whose context is done, with the error that its last attempt left
// behind: matches both, and does not repeat what `last` says already.
Error ended_by(const Context& context, const Error& last);

}  // namespace errand::detail
