// SPDX-License-Identifier: Apache-2.0
#include "errand/report/formats/text.h"

#include "errand/base/escape_text.h"
#include "errand/events/json_text.h"
#include "errand/events/task_text.h"
#include "errand/report/render.h"

namespace errand {
namespace {

std::string usage_text(const Usage& usage) {
  constexpr std::int64_t kMebi = 1 << 20;
  const std::string memory = usage.rss_bytes_max < kMebi
                                 ? std::to_string(usage.rss_bytes_max >> 10) + " KiB"
                                 : std::to_string(usage.rss_bytes_max / kMebi) + " MiB";
  return " (CPU " + format_duration(saturating_add(usage.user, usage.system)) + ", " + memory + ")";
}

}  // namespace

void TextReport::on(const RunEvent& event) {
  last_ = event.since_start;
  if (const auto* run = std::get_if<RunStarted>(&event.kind)) {
    const std::string name = run->name.empty() ? "errand" : escape_text(run->name);
    out_.write(name + ", run " + escape_text(run->id) + ", started " + rfc3339(event.time) + "\n");
  }
  if (const auto* attempt = std::get_if<AttemptEnded>(&event.kind)) {
    usage_[attempt->task->id] += attempt->usage;
  }
  if (const auto* ended = std::get_if<TaskEnded>(&event.kind)) {
    const auto used = usage_.extract(ended->task->id);
    out_.write(task_result_line(*ended, color_) + (used ? usage_text(used.mapped()) : "") + "\n");
  }
  if (const auto* notice = std::get_if<Notice>(&event.kind)) {
    const std::string who = notice->task ? escape_text(notice->task->full_name) : "errand";
    const bool warning = notice->level == Notice::Level::warning;
    out_.write(who + ": " + (warning ? "warning: " : "") + escape_text(notice->text) + "\n");
  }
  summary_.on(event);
}

void TextReport::print_unfinished() {
  RunEnded ended;
  ended.state = TaskState::canceled;
  ended.error = Error::text(std::string(kUnfinishedText));
  ended.duration = last_;
  summary_.on({WallTime(), last_, std::move(ended)});
}

}  // namespace errand
