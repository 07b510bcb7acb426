// SPDX-License-Identifier: Apache-2.0
#include "errand/run/stopping.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace errand {

StoppingNotices::StoppingNotices(Executor& executor, Runtime& runtime,
                                 std::function<void(std::string)> notify)
    : executor_(executor),
      runtime_(runtime),
      notify_(std::move(notify)),
      timer_(runtime, [this] { this->notify(); }) {}

// lint: outlives: see the declaration.
awaitable<AttemptResult> StoppingNotices::run(Context context, Context force_stop,
                                              const Attempt& attempt, OutputSink& output,
                                              Capture capture) {
  struct Stop {
    ~Stop() {
      if (entry) notices.end(*entry);
    }
    void begin() { entry = notices.begin(*attempt.task, force_stop); }
    StoppingNotices& notices;
    const Attempt& attempt;
    const Context& force_stop;
    std::optional<Entry> entry;
  };
  Stop stop{*this, attempt, force_stop, {}};
  const detail::CancelHook asked(context, [&stop] { stop.begin(); });
  co_return co_await executor_.run(context, force_stop, attempt, output, capture);
}

// lint: outlives: see the declaration.
awaitable<Error> StoppingNotices::probe(Context context, Context force_stop,
                                        const Attempt& attempt) {
  return executor_.probe(std::move(context), std::move(force_stop), attempt);
}

StoppingNotices::Entry StoppingNotices::begin(const Task& task, const Context& force_stop) {
  const TimePoint now = runtime_.now();
  const TimePoint notify_at = saturating_add(now, kNotifyAfter);
  if (stopping_.empty()) timer_.set(notify_at);
  return stopping_.insert(stopping_.end(), {&task, force_stop, saturating_add(now, task.grace)});
}

void StoppingNotices::end(Entry entry) {
  stopping_.erase(entry);
  if (stopping_.empty()) timer_.cancel();
}

void StoppingNotices::notify() {
  const TimePoint now = runtime_.now();
  TimePoint last = now;
  for (const Stopping& one : stopping_) {
    if (!one.force_stop.done()) last = std::max(last, one.killed_at);
  }
  const Duration left = saturating_ceil_seconds(saturating_difference(last, now));
  const std::string what =
      last > now ? format_duration(left) + " to SIGKILL" : "SIGKILL has been sent";
  if (last > now) timer_.set(saturating_add(last, kNotifyAfter));
  notify_("waiting for " + names() + " (" + what + ")");
}

std::string StoppingNotices::names() const {
  std::vector<std::string_view> shown;
  std::size_t more = 0;
  for (const Stopping& one : stopping_) {
    const std::string_view name = one.task->full_name;
    if (std::ranges::find(shown, name) != shown.end()) continue;  // attempts of one task
    if (shown.size() < kNamesMax) {
      shown.push_back(name);
    } else {
      ++more;
    }
  }
  std::string text;
  for (const std::string_view name : shown) text.append(text.empty() ? "" : ", ").append(name);
  return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

}  // namespace errand
