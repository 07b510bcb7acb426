// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/event.h"

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

namespace errand {

awaitable<void> Parking::park() {
  if (!woken_) {
    auto initiate = [this](auto handler) { resume_ = std::move(handler); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate,
                                                                         asio::use_awaitable);
  }
  woken_ = false;
}

void Parking::wake() {
  if (woken_) return;
  woken_ = true;
  if (resume_) asio::post(runtime_.executor(), std::exchange(resume_, nullptr));
}

struct Event::Waiter : detail::Link {
  explicit Waiter(Event& event) : parking(event.runtime_) { event.waiters_.push_back(*this); }
  ~Waiter() { unlink(); }
  Parking parking;
};

void Event::set() {
  if (set_) return;
  set_ = true;
  while (!waiters_.empty()) waiters_.pop_front().parking.wake();
}

awaitable<void> Event::wait() {
  if (set_) co_return;
  Waiter waiter(*this);
  co_await waiter.parking.park();
}

awaitable<Error> Event::wait(Context context) {
  if (set_) co_return Error();
  if (context.done()) co_return context.done_error();
  Waiter waiter(*this);
  detail::CancelHook canceled(context, [&waiter] { waiter.parking.wake(); });
  co_await waiter.parking.park();
  co_return set_ ? Error() : context.done_error();
}

}  // namespace errand
