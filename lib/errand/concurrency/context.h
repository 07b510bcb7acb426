// SPDX-License-Identifier: Apache-2.0
//
// Context: a handle for a subtree of work. It says whether the work is still wanted, until when,
// why not, and carries values. Cancelling is a request; waiting for the work is the confirmation.
// Go: package context. Differences: dropping the last handle of a child unregisters it, so there is
// no cancel function that must be called; operations return Canceled *with* its cause.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>

#include "errand/base/error.h"
#include "errand/base/time.h"
#include "errand/concurrency/runtime.h"

namespace errand {

// Identifies a value of type T in a context; its identity is its address. Keep it alive, usually as
// a namespace-scope constant.
template <class T>
class Key {
 public:
  Key() = default;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
};

class CancelFn;
class Context;

namespace detail {
struct ContextNode;
}

// Cheap to copy. done, err, cause, done_error, deadline, value, cancelling, and copying and
// dropping handles are safe from any thread; everything else belongs to the loop's thread. There is
// no empty Context but a moved-from one.
class Context {
 public:
  // Never done, no deadline, no values. `runtime` outlives it.
  static Context background(Runtime& runtime);
  // The same under another name, for code that does not have its context yet.
  static Context todo(Runtime& runtime);

  bool done() const;
  // None until done, then for ever one of exactly two: Canceled or DeadlineExceeded.
  Error err() const;
  // None until done; then the cause that was given, else err(). The first cancellation counts.
  Error cause() const;
  // What an operation on this context returns once it is done: err(), carrying cause() where that
  // says more; matches both. None until done.
  Error done_error() const;
  // The earliest deadline on the way to the root.
  std::optional<TimePoint> deadline() const;
  // The value bound nearest to this context, owned by it; null when there is none. Looks at each
  // context on the way to the root.
  template <class T>
  const T* value(const Key<T>& key) const;

  // Suspends until done; for ever where that can never be. Returns at once when it is.
  awaitable<void> wait_done() const;
  // Suspends for `delay`; none when it passed, done_error() as soon as the context is done. When
  // both happen in one instant the sleep has succeeded; a context that is done before is not slept
  // on. A delay of 0 or less lets the loop turn once.
  awaitable<Error> sleep(Duration delay) const;
  // A token that is asked to stop, on the loop's thread, after this context is done; the same one
  // at each call.
  std::stop_token stop_token() const;

  Runtime& runtime() const;
  // "context.Background", "context.TODO" or "context".
  std::string_view name() const;

 private:
  friend class CancelFn;
  friend class detail::CancelHook;
  friend std::pair<Context, CancelFn> with_cancel(const Context&);
  friend std::pair<Context, CancelFn> with_deadline(const Context&, TimePoint, Error);
  friend Context with_stop_token(const Context&, std::stop_token, Error);
  friend Context without_cancel(const Context&);
  friend Context with_value_of(const Context&, const void*, std::shared_ptr<const void>);
  explicit Context(std::shared_ptr<detail::ContextNode> node) : node_(std::move(node)) {}
  const void* find(const void* key) const;

  std::shared_ptr<detail::ContextNode> node_;
};

// Cancels the context it came with, and all below it, before it returns; their callbacks and
// waiters follow on the loop. Idempotent, callable from any thread, does not wait for the work. An
// empty cause counts as Canceled. Go: context.CancelCauseFunc.
class CancelFn {
 public:
  void operator()(Error cause = {}) const;

 private:
  friend std::pair<Context, CancelFn> with_cancel(const Context&);
  friend std::pair<Context, CancelFn> with_deadline(const Context&, TimePoint, Error);
  explicit CancelFn(std::shared_ptr<detail::ContextNode> node) : node_(std::move(node)) {}
  std::shared_ptr<detail::ContextNode> node_;
};

// A child is born done when its parent is, with the parent's err and cause.
// Go: context.WithCancelCause.
std::pair<Context, CancelFn> with_cancel(const Context& parent);
// Done at `deadline` with DeadlineExceeded and `cause`; at once when that has passed. Under a
// parent with an earlier deadline it is a plain child, and the cause is the parent's. Parents'
// deadlines go before their children's. Go: context.WithDeadlineCause.
std::pair<Context, CancelFn> with_deadline(const Context& parent, TimePoint deadline,
                                           Error cause = {});
// with_deadline() at `timeout` from now; at once for 0 and less. Go: context.WithTimeoutCause.
std::pair<Context, CancelFn> with_timeout(const Context& parent, Duration timeout,
                                          Error cause = {});
// Keeps the values; never done, whatever happens to the parent. Go: context.WithoutCancel.
Context without_cancel(const Context& parent);
// Done with Canceled and `cause` once `token` is asked to stop, from whichever thread; at once when
// it has been. An empty cause counts as Canceled.
Context with_stop_token(const Context& parent, std::stop_token token, Error cause = {});
// Hides a value that the parent has under the same key. Go: context.WithValue.
template <class T>
Context with_value(const Context& parent, const Key<T>& key, T value);

namespace detail {

// Calls a function once on the loop's thread, never inside cancel(), after a context is done. The
// destructor withdraws it, also when it is due and has not been called.
class CancelHook final : public Link {
 public:
  CancelHook(const Context& context, std::function<void()> call);
  ~CancelHook();
  // True when this call prevented the function from becoming due.
  bool withdraw();
  // The context is done and the function has not been called yet.
  bool due() const;

 private:
  friend class errand::Runtime;
  friend struct ContextNode;
  void call() { call_(); }
  Runtime& runtime_;
  std::function<void()> call_;
  bool waiting_ = true;  // not yet due; guarded by the runtime's mutex
};

}  // namespace detail

// A function that runs after a context is done, and a handle that keeps that context. The
// destructor withdraws the function also when it is due and has not started, so it may refer to
// what outlives the registration; but once stop() has said that it is too late, the function does
// run.
class [[nodiscard]] Registration {
 public:
  Registration() = default;
  Registration(Registration&&) noexcept = default;
  Registration& operator=(Registration&& other) noexcept;
  ~Registration();
  // True exactly if this call prevented the function from ever starting. False: it has started, is
  // about to, or was stopped before. Does not wait for it.
  bool stop();

 private:
  friend Registration after_func(const Context&, std::function<void()>);
  struct State;
  explicit Registration(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Runs `call` once on the loop's thread after `context` is done: not inside this call, nor inside
// cancel(). It sees err and cause set. What it throws comes out of the loop's run(), as from any
// handler of Asio. Go: context.AfterFunc.
Registration after_func(const Context& context, std::function<void()> call);

// ---- templates

Context with_value_of(const Context& parent, const void* key, std::shared_ptr<const void> value);

template <class T>
Context with_value(const Context& parent, const Key<T>& key, T value) {
  return with_value_of(parent, &key, std::make_shared<const T>(std::move(value)));
}

template <class T>
const T* Context::value(const Key<T>& key) const {
  return static_cast<const T*>(find(&key));
}

}  // namespace errand
