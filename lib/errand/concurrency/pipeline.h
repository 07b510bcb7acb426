// SPDX-License-Identifier: Apache-2.0
//
// Flows of values through channels: stages one behind the other, several inputs into one, and
// results in the order of their questions. Go has these as a blog post (Pipelines and
// cancellation), whose producers leak when a consumer leaves early; here they are joined.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/channel.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/group.h"
#include "errand/concurrency/joiners.h"

namespace errand {

extern const Error DownstreamEnded;  // "nobody reads any more"

// Runs the stages at the same time, the source first and the sink last, and returns when all have
// ended: none, or the aggregate of their errors in their order. When a stage ends, everything
// upstream of it is cancelled, with its error or with DownstreamEnded as the cause, and the
// cancellation errors that follow from that are not reported; what is downstream of it goes on and
// drains. So each stage closes the channel it feeds before it ends; stage() and merge() do. The
// channels outlive the call.
awaitable<Error> pipeline(Context context, ErrorFns stages);

// One stage: awaits function(context, value), an awaitable<Result<B>>, for one value of `in` after
// the other, and sends what it gives to `out`. Suspends until `in` is closed and drained (none), or
// until the first error: of the function, of the context, or ChannelClosed for `out`. Closes `out`
// however it ends, and also when the function throws.
// lint: outlives: the channels are the caller's.
template <class A, class B, class F>
awaitable<Error> stage(Context context, Channel<A>& in, Channel<B>& out, F function);

// Fan-in: sends every value of every input to `out`, those of one input in their order. Suspends
// until all inputs are closed and drained (none), or until the first error, then joins what it
// started. Closes `out` once, however it ends.
// lint: outlives: the channels are the caller's.
template <class T>
awaitable<Error> merge(Context context, std::vector<Channel<T>*> in, Channel<T>& out);

// Runs the functions at the same time, as many as `options` allow, and awaits sink(value), an
// awaitable<Error>, for one result after the other in the order of the functions. Returns when all
// have been joined: none, or the group's error. Results wait in memory for their turn. After a
// failure the sink gets what came before it in order; with OnFailure::keep_going, all the rest. An
// error or an exception of the sink cancels the functions.
template <class T, class Sink>
awaitable<Error> ordered(Context context, Fns<T> functions, Sink sink, GroupOptions options = {});

// ---- templates

namespace detail {

template <class T>
class CloseOnExit {
 public:
  explicit CloseOnExit(Channel<T>& channel) : channel_(channel) {}
  CloseOnExit(const CloseOnExit&) = delete;
  CloseOnExit& operator=(const CloseOnExit&) = delete;
  ~CloseOnExit() { channel_.close(); }

 private:
  Channel<T>& channel_;
};

// Passes values on until `in` is closed and drained.
// lint: outlives: the caller's channels.
template <class T>
awaitable<Error> copy(Context context, Channel<T>& in, Channel<T>& out) {
  while (true) {
    Result<std::optional<T>> value = co_await in.recv(context);
    if (!value) co_return value.error();
    if (!*value) co_return Error();
    if (Error unsent = co_await out.send(context, std::move(**value))) co_return unsent;
  }
}

}  // namespace detail

// lint: outlives: as declared above.
template <class A, class B, class F>
awaitable<Error> stage(Context context, Channel<A>& in, Channel<B>& out, F function) {
  const detail::CloseOnExit<B> closes(out);
  while (true) {
    Result<std::optional<A>> value = co_await in.recv(context);
    if (!value) co_return value.error();
    if (!*value) co_return Error();
    Result<B> made = co_await function(context, std::move(**value));
    if (!made) co_return made.error();
    if (Error unsent = co_await out.send(context, std::move(*made))) co_return unsent;
  }
}

// lint: outlives: as declared above.
template <class T>
awaitable<Error> merge(Context context, std::vector<Channel<T>*> in, Channel<T>& out) {
  const detail::CloseOnExit<T> closes(out);
  auto body = [&](Group& group) -> awaitable<Error> {
    for (Channel<T>* from : in) {
      group.go("", [from, &out](Context c) { return detail::copy(std::move(c), *from, out); });
    }
    co_return Error();
  };
  GroupOptions options;
  options.name = "merge";
  co_return co_await with_group(std::move(context), std::move(options), std::move(body));
}

// lint: outlives: the group is this coroutine's.
template <class T, class Sink>
awaitable<Error> ordered(Context context, Fns<T> functions, Sink sink, GroupOptions options) {
  if (options.limit == 0) co_return LimitIsZero;
  const bool keep_going = options.on_failure == OnFailure::keep_going;
  std::vector<std::optional<T>> results(functions.size());
  auto body = [&](Group& group) -> awaitable<Error> {
    std::vector<Group::Handle> children;
    for (std::size_t i = 0; i < functions.size(); ++i) {
      auto child = [&function = functions[i], &slot = results[i]](Context c) -> awaitable<Error> {
        Result<T> result = co_await function(std::move(c));
        if (!result) co_return result.error();
        slot.emplace(std::move(*result));
        co_return Error();
      };
      children.push_back(group.go("", std::move(child)));
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
      co_await children[i].wait();
      if (!results[i] && keep_going) continue;
      if (!results[i]) break;
      T value = std::move(*std::exchange(results[i], std::nullopt));
      if (Error refused = co_await sink(std::move(value))) co_return refused;
    }
    co_return Error();
  };
  co_return co_await with_group(std::move(context), std::move(options), std::move(body));
}

}  // namespace errand
