// SPDX-License-Identifier: Apache-2.0
//
// Channel: values handed from coroutine to coroutine, first in, first out, with a bound on how many
// wait in between. Go: chan. Differences: sending to a closed one is an error and closing twice is
// harmless; both ends wait under a context.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "errand/base/result.h"
#include "errand/concurrency/awaitable.h"
#include "errand/concurrency/context.h"
#include "errand/concurrency/event.h"

namespace errand {

extern const Error ChannelClosed;  // "the channel is closed"

// Any number of senders and receivers; each side is served in the order it came. Outlives them;
// loop's thread only; constant time.
template <class T>
class Channel {
 public:
  // How many values may wait; with 0 a sender waits for its receiver.
  explicit Channel(std::size_t capacity) : capacity_(capacity) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Suspends until a receiver or the buffer has taken the value. Errors, and the value is lost:
  // ChannelClosed, also for senders that wait when it is closed; done_error() when the context is
  // done first, even with room free. A value that was taken before the context ended counts as
  // sent.
  awaitable<Error> send(Context context, T value);
  // Suspends until there is a value; nothing when the channel is closed and drained. done_error()
  // when the context is done first, even with values there. A value handed over before that is
  // returned.
  awaitable<Result<std::optional<T>>> recv(Context context);
  // No more values come. Receivers get what is in the buffer first. The second call does nothing.
  // Never suspends.
  void close();

  bool closed() const { return closed_; }
  // Values in the buffer.
  std::size_t size() const { return buffer_.size(); }
  std::size_t capacity() const { return capacity_; }

 private:
  // Both kinds of waiter: `value` is what a sender brings or what a receiver was given.
  struct Waiter;
  static Waiter* next_wanted(detail::List<Waiter>& waiters);
  static void wake_all(detail::List<Waiter>& waiters);
  bool try_send(T& value);
  std::optional<T> try_recv();

  const std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> buffer_;
  detail::List<Waiter> senders_;    // only while the buffer is full
  detail::List<Waiter> receivers_;  // only while it is empty
};

// ---- templates

template <class T>
struct Channel<T>::Waiter : detail::Link {
  Waiter(Context its_context, detail::List<Waiter>& waiters, std::optional<T> its_value)
      : context(std::move(its_context)), parking(context.runtime()), value(std::move(its_value)) {
    waiters.push_back(*this);
  }
  ~Waiter() { unlink(); }
  void served() {
    unlink();
    is_served = true;
    parking.wake();
  }
  // Suspends until served, woken by close(), or until the context is done.
  awaitable<void> wait() {
    detail::CancelHook canceled(context, [this] { parking.wake(); });
    co_await parking.park();
  }
  Context context;
  Parking parking;
  std::optional<T> value;
  bool is_served = false;
};

// The first waiter that still wants to be served; those before it, which have not resumed yet since
// their contexts ended, are dropped.
template <class T>
auto Channel<T>::next_wanted(detail::List<Waiter>& waiters) -> Waiter* {
  while (!waiters.empty() && waiters.front().context.done()) waiters.pop_front();
  return waiters.empty() ? nullptr : &waiters.front();
}

template <class T>
void Channel<T>::wake_all(detail::List<Waiter>& waiters) {
  while (!waiters.empty()) waiters.pop_front().parking.wake();
}

template <class T>
bool Channel<T>::try_send(T& value) {
  if (Waiter* const receiver = next_wanted(receivers_)) {
    receiver->value.emplace(std::move(value));
    receiver->served();
    return true;
  }
  if (buffer_.size() >= capacity_) return false;
  buffer_.push_back(std::move(value));
  return true;
}

template <class T>
std::optional<T> Channel<T>::try_recv() {
  std::optional<T> value;
  if (!buffer_.empty()) {
    value.emplace(std::move(buffer_.front()));
    buffer_.pop_front();
  }
  if (Waiter* const sender = next_wanted(senders_)) {
    if (value) {
      buffer_.push_back(std::move(*sender->value));
    } else {
      value = std::move(sender->value);
    }
    sender->served();
  }
  return value;
}

template <class T>
awaitable<Error> Channel<T>::send(Context context, T value) {
  if (context.done()) co_return context.done_error();
  if (closed_) co_return ChannelClosed;
  if (try_send(value)) co_return Error();
  Waiter waiter(context, senders_, std::move(value));
  co_await waiter.wait();
  if (waiter.is_served) co_return Error();
  co_return closed_ ? ChannelClosed : context.done_error();
}

template <class T>
awaitable<Result<std::optional<T>>> Channel<T>::recv(Context context) {
  if (context.done()) co_return std::unexpected(context.done_error());
  if (std::optional<T> value = try_recv()) co_return std::move(value);
  if (closed_) co_return std::optional<T>();
  Waiter waiter(context, receivers_, std::nullopt);
  co_await waiter.wait();
  if (waiter.is_served) co_return std::move(waiter.value);
  if (context.done()) co_return std::unexpected(context.done_error());
  co_return std::optional<T>();
}

template <class T>
void Channel<T>::close() {
  if (closed_) return;
  closed_ = true;
  wake_all(senders_);
  wake_all(receivers_);
}

}  // namespace errand
