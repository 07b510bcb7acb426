// SPDX-License-Identifier: Apache-2.0
#include "errand/console/status_line.h"

#include <algorithm>
#include <utility>

#include "errand/base/escape_text.h"

namespace errand {

// ---- StatusLine

StatusLine::StatusLine(Runtime& runtime, Writer& terminal, std::function<std::size_t()> columns)
    : runtime_(runtime),
      terminal_(terminal),
      columns_(std::move(columns)),
      timer_(runtime, [this] { draw(); }) {
  terminal_.on_status_hidden([this] { schedule(); });
}

StatusLine::~StatusLine() {
  terminal_.on_status_hidden(nullptr);
  hide();
}

void StatusLine::on(const RunEvent& event) {
  progress_.on(event);
  if (std::holds_alternative<RunStarted>(event.kind)) {
    started_ = saturating_subtract(runtime_.now(), event.since_start);
    drawn_ = runtime_.now();
  }
  if (progress_.active()) return schedule();
  timer_.cancel();
  hide();
}

void StatusLine::redraw() {
  if (progress_.active()) draw();
}

// What happens more often than that nobody can read.
void StatusLine::schedule() {
  if (!progress_.active()) return;
  const TimePoint at = std::max(runtime_.now(), saturating_add(drawn_, kRedrawAfter));
  if (!timer_.armed() || at < due_) timer_.set(due_ = at);
}

void StatusLine::draw() {
  drawn_ = runtime_.now();
  const std::size_t columns = columns_();
  if (columns < kColumnsMin) {
    terminal_.hide_status();
  } else {
    // A full last column makes some terminals begin a new line.
    terminal_.show_status(
        shorten(progress_.text(saturating_difference(drawn_, started_)), columns - 1));
  }
  if (progress_.running()) timer_.set(due_ = saturating_add(drawn_, kTick));
}

// ---- Heartbeat

Heartbeat::Heartbeat(Runtime& runtime, std::function<void(std::string)> notify)
    : runtime_(runtime), notify_(std::move(notify)), timer_(runtime, [this] {
        notify_(progress_.text(saturating_difference(runtime_.now(), started_)));
        timer_.set(next_ = saturating_add(next_, kEvery));
      }) {}

void Heartbeat::on(const RunEvent& event) {
  progress_.on(event);
  if (std::holds_alternative<RunStarted>(event.kind)) {
    started_ = saturating_subtract(runtime_.now(), event.since_start);
    timer_.set(next_ = saturating_add(started_, kEvery));
  }
  if (!progress_.active()) timer_.cancel();
}

}  // namespace errand
