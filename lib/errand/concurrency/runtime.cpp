// SPDX-License-Identifier: Apache-2.0
#include "errand/concurrency/runtime.h"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <ranges>
#include <string_view>

#include "errand/concurrency/context.h"
#include "errand/concurrency/group.h"

namespace errand {

struct Runtime::Alarm {
  explicit Alarm(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
};

Runtime::Runtime(asio::any_io_executor executor)
    : executor_(std::move(executor)), alarm_(std::make_unique<Alarm>(executor_)) {}

Runtime::Runtime(asio::any_io_executor executor, OwnTime) : executor_(std::move(executor)) {}

Runtime::~Runtime() = default;

TimePoint Runtime::now() const { return saturating_subtract(Clock::now(), skipped()); }

Duration Runtime::skipped() const { return Duration(skipped_.load(std::memory_order_relaxed)); }

void Runtime::skip(Duration gap) {
  const std::lock_guard lock(mutex_);
  skipped_.store(saturating_add(skipped(), gap).count(), std::memory_order_relaxed);
  if (armed_for_ != TimePoint::max()) arm(armed_for_);
}

Runtime::Counts Runtime::counts() const {
  const std::lock_guard lock(mutex_);
  return {children_, timers_.size(), registrations_};
}

std::vector<std::string> Runtime::live_children() const {
  std::vector<std::string> names;
  groups_.for_each([&](const detail::LiveGroup& live) {
    for (std::string& name : live.group.live_children()) names.push_back(std::move(name));
  });
  return names;
}

// ---- a report for a program that hangs

namespace {

std::string signed_text(Duration duration) {
  if (duration >= Duration::zero()) return format_duration(duration);
  return "-" + format_duration(saturating_subtract(Duration::zero(), duration));
}

std::string time_until(TimePoint at, TimePoint now) {
  return at == TimePoint::max() ? "never" : "in " + signed_text(saturating_difference(at, now));
}

std::string_view name_of(TimerClass order) {
  switch (order) {
    case TimerClass::work:
      return "work";
    case TimerClass::deadline:
      return "deadline";
    case TimerClass::policy:
      break;
  }
  return "policy";
}

constexpr std::size_t kDescribedMax = 20;  // timers, and children

std::string left_out(std::size_t count) {
  if (count <= kDescribedMax) return "";
  return "  and " + std::to_string(count - kDescribedMax) + " more\n";
}

}  // namespace

std::string Runtime::describe_timers_locked() const {
  const TimePoint time = now();
  std::string text;
  if (alarm_) text += "alarm: " + time_until(armed_for_, time) + "\n";
  text += "timers: " + std::to_string(timers_.size()) + "\n";
  std::size_t shown = 0;
  for (const auto& [key, timer] : timers_) {
    if (shown++ == kDescribedMax) break;
    text.append("  ").append(name_of(std::get<TimerClass>(key)));
    text += " " + time_until(std::get<TimePoint>(key), time) + "\n";
  }
  return text + left_out(timers_.size());
}

std::string Runtime::describe() const {
  std::string text = "now: " + signed_text(now().time_since_epoch());
  text += ", skipped: " + signed_text(skipped()) + "\n";
  const std::unique_lock lock(mutex_, std::try_to_lock);
  text += lock ? describe_timers_locked() : "timers: locked by another thread\n";
  const std::vector<std::string> names = live_children();
  text += "children: " + std::to_string(names.size()) + "\n";
  for (const std::string& name : names | std::views::take(kDescribedMax))
    text += "  " + name + "\n";
  return text + left_out(names.size());
}

// ---- timers

void Runtime::set_timer_locked(detail::TimerNode& timer, TimePoint at, TimerClass order) {
  if (timer.armed_) timers_.erase(timer.key_);
  timer.key_ = {at, order, timer_sequence_++};
  timer.armed_ = true;
  timers_.emplace(timer.key_, &timer);
  rearm_locked();
}

void Runtime::cancel_timer_locked(detail::TimerNode& timer) {
  if (!timer.armed_) return;
  timer.armed_ = false;
  timers_.erase(timer.key_);
  if (nearest_locked() == TimePoint::max())
    rearm_locked();  // a later alarm is harmless, but would keep the loop running
}

TimePoint Runtime::nearest_locked() const {
  return timers_.empty() ? TimePoint::max() : std::get<0>(timers_.begin()->first);
}

void Runtime::rearm_locked() {
  const TimePoint nearest = nearest_locked();
  if (nearest >= armed_for_ && nearest != TimePoint::max()) return;
  if (nearest == armed_for_) return;
  armed_for_ = nearest;
  arm(nearest);
}

void Runtime::arm(TimePoint nearest) {
  // The loop's timer belongs to the loop's thread, and a context may be cancelled from any other.
  if (nearest == TimePoint::max()) {
    asio::post(executor_, [this] {
      const std::lock_guard lock(mutex_);
      if (armed_for_ == TimePoint::max()) alarm_->timer.cancel();
    });
    return;
  }
  alarm_->timer.expires_at(saturating_add(nearest, skipped()));
  alarm_->timer.async_wait([this](const std::error_code& error) {
    if (!error) on_alarm();
  });
}

void Runtime::on_alarm() {
  const auto look_again = [this] { asio::post(executor_, [this] { on_alarm(); }); };
  bool fired = false;
  try {
    fired = fire_due();
  } catch (...) {
    look_again();
    throw;  // out of the loop's run(), as from any handler
  }
  if (fired) return look_again();  // what just became ready goes before later timers
  const std::lock_guard lock(mutex_);
  armed_for_ = TimePoint::max();
  rearm_locked();
  // A skip() since the alarm has set it once more, for the instant that has just been dealt with.
  if (armed_for_ == TimePoint::max()) alarm_->timer.cancel();
}

bool Runtime::fire_due() {
  std::unique_lock lock(mutex_);
  if (nearest_locked() == TimePoint::max()) return false;  // even at the end of virtual time
  const auto [due, order, first] = timers_.begin()->first;
  if (due > now()) return false;
  const std::uint64_t end = timer_sequence_;
  while (!timers_.empty()) {
    const auto& [at, at_order, sequence] = timers_.begin()->first;
    if (at != due || at_order != order || sequence >= end) break;
    detail::TimerNode& timer = *timers_.begin()->second;
    timers_.erase(timers_.begin());
    timer.armed_ = false;
    timer.expire(lock);
    if (!lock.owns_lock()) lock.lock();
  }
  return true;
}

TimePoint Runtime::next_expiry() const {
  const std::lock_guard lock(mutex_);
  return nearest_locked();
}

Timer::Timer(Runtime& runtime, std::function<void()> on_expiry, TimerClass order)
    : runtime_(runtime), on_expiry_(std::move(on_expiry)), order_(order) {}

Timer::~Timer() { cancel(); }

void Timer::set(TimePoint at) {
  const std::lock_guard lock(runtime_.mutex_);
  runtime_.set_timer_locked(*this, at, order_);
}

void Timer::cancel() {
  const std::lock_guard lock(runtime_.mutex_);
  runtime_.cancel_timer_locked(*this);
}

void Timer::expire(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  on_expiry_();
}

// ---- callbacks of cancelled contexts

void Runtime::fired_locked(detail::CancelHook& hook) {
  const bool first = fired_.empty();
  fired_.push_back(hook);
  if (first) asio::post(executor_, [this] { call_fired(); });
}

void Runtime::call_fired() {
  std::unique_lock lock(mutex_);
  detail::List<detail::CancelHook> due;
  due.splice(fired_);  // what becomes due meanwhile waits for its own turn
  while (!due.empty()) {
    detail::CancelHook& hook = due.pop_front();
    --registrations_;
    lock.unlock();
    try {
      hook.call();
    } catch (...) {
      lock.lock();
      due.splice(fired_);
      fired_.splice(due);
      asio::post(executor_, [this] { call_fired(); });
      throw;  // out of the loop's run(), as from any handler
    }
    lock.lock();
  }
}

}  // namespace errand
