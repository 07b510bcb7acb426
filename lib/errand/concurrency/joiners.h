// SPDX-License-Identifier: Apache-2.0
//
// Groups as one expression: open, start, join.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errand/base/result.h"
#include "errand/concurrency/group.h"

namespace errand {

// What the joiners start: functions of a context that return an awaitable. A joiner owns them until
// it returns.
template <class T>
using Fn = std::function<awaitable<Result<T>>(Context)>;
template <class T>
using Fns = std::vector<Fn<T>>;
using ErrorFns = std::vector<std::function<awaitable<Error>(Context)>>;

extern const Error NothingToRun;  // any() over no functions
extern const Error Superseded;    // the cause of cancelling the losers of any()

// Opens a group, awaits body(group), joins every child, and returns the group's result. When the
// body fails or throws, the children are cancelled with that as the cause and joined; the result is
// then the body's error, with the children's failures behind it in one aggregate. Owns `body`.
// Suspends until the last child has ended.
template <class Body>  // Group& -> awaitable<Error>
awaitable<Error> with_group(Context context, GroupOptions options, Body body);

// The results of all functions in their order; the first failure cancels the others, which are
// joined, and is returned. Of the options on_failure does not count. LimitIsZero with limit 0.
template <class T>
awaitable<Result<std::vector<T>>> all(Context context, Fns<T> functions, GroupOptions options = {});

// The first success; the others are cancelled and joined before it returns. All failed: the
// aggregate of the failures in the order of the functions. No functions: NothingToRun. Of the
// options on_failure, report and skip_queued_on_cancel do not count. LimitIsZero with limit 0.
template <class T>
awaitable<Result<T>> any(Context context, Fns<T> functions, GroupOptions options = {});

// Runs all, cancels none, returns the aggregate of the failures in the order of the functions.
// Suspends until the last has ended. Go: apimachinery's AggregateGoroutines, which returns them in
// the order of their ends.
awaitable<Error> aggregate(Context context, ErrorFns functions);

// ---- templates

namespace detail {
// lint: outlives: with_group() owns the group.
awaitable<Error> join_body(Group& group, std::exception_ptr thrown, Error error);
}  // namespace detail

template <class Body>
awaitable<Error> with_group(Context context, GroupOptions options, Body body) {
  Group group(std::move(context), std::move(options));
  Error error;
  std::exception_ptr thrown;
  try {
    error = co_await body(group);
  } catch (...) {
    thrown = std::current_exception();
  }
  co_return co_await detail::join_body(group, std::move(thrown), std::move(error));
}

template <class T>
awaitable<Result<std::vector<T>>> all(Context context, Fns<T> functions, GroupOptions options) {
  options.on_failure = OnFailure::cancel_siblings;
  if (options.report == Report::none) options.report = Report::first;  // a failure has no values
  Group group(std::move(context), std::move(options));
  std::vector<std::optional<T>> found(functions.size());
  for (std::size_t i = 0; i < functions.size(); ++i) {
    auto child = [&function = functions[i], &slot = found[i]](Context c) -> awaitable<Error> {
      Result<T> result = co_await function(std::move(c));
      if (!result) co_return result.error();
      slot.emplace(std::move(*result));
      co_return Error();
    };
    const Group::Handle handle = group.go("", std::move(child));
    if (handle.error()) co_return std::unexpected(handle.error());  // limit 0: nothing has started
  }
  if (Error error = co_await group.wait()) co_return std::unexpected(std::move(error));
  std::vector<T> values;
  values.reserve(found.size());
  for (std::optional<T>& value : found) values.push_back(std::move(*value));
  co_return values;
}

template <class T>
awaitable<Result<T>> any(Context context, Fns<T> functions, GroupOptions options) {
  if (functions.empty()) co_return std::unexpected(NothingToRun);
  options.on_failure = OnFailure::keep_going;
  options.report = Report::all;
  options.skip_queued_on_cancel = true;
  Group group(std::move(context), std::move(options));
  std::optional<T> winner;
  for (Fn<T>& function : functions) {
    auto child = [&function, &winner, &group](Context c) -> awaitable<Error> {
      Result<T> result = co_await function(std::move(c));
      if (!result) co_return result.error();
      if (!winner) {
        winner.emplace(std::move(*result));
        group.cancel(Superseded);
      }
      co_return Error();
    };
    const Group::Handle handle = group.go("", std::move(child));
    if (handle.error()) co_return std::unexpected(handle.error());  // limit 0: nothing has started
  }
  Error error = co_await group.wait();
  if (winner) co_return std::move(*winner);
  co_return std::unexpected(std::move(error));
}

}  // namespace errand
