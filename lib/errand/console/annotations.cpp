// SPDX-License-Identifier: Apache-2.0
#include "errand/console/annotations.h"

#include <utility>

#include "errand/base/escape_text.h"
#include "errand/events/task_text.h"

namespace errand {
namespace {

std::string annotation_text(const TaskEnded& ended) {
  constexpr std::size_t kColumnsMax = 300;
  std::string text = task_result_line(ended, false);
  std::string_view rest = last_lines(ended.last_lines, Annotations::kLinesMax);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += "\n" + shorten(plain_line(rest.substr(0, end)), kColumnsMax);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

}  // namespace

void Annotations::Kind::add(Annotation annotation) {
  if (first.size() < kEachMax) {
    first.push_back(std::move(annotation));
  } else {
    ++others;
  }
}

void Annotations::Kind::merge(Kind later) {
  for (Annotation& annotation : later.first) add(std::move(annotation));
  others += later.others;
}

void Annotations::on(const RunEvent& event) {
  if (const auto* started = std::get_if<RunStarted>(&event.kind)) {
    open_.begin(started->plan);
  } else if (const auto* task = std::get_if<TaskEnded>(&event.kind)) {
    add(*task);
  } else if (const auto* run = std::get_if<RunEnded>(&event.kind)) {
    end(*run);
  }
}

void Annotations::add(const TaskEnded& ended) {
  const bool is_news = !ended.task->is_group || open_.end_group(ended).is_news;
  const bool failed = is_failure(ended.state);
  if (!failed || (!ended.allowed && !is_news)) return;
  Kind& kind = ended.allowed ? warnings_ : open_.around(*ended.task);
  kind.add({ended.allowed ? Severity::warning : Severity::error, escape_text(ended.task->full_name),
            annotation_text(ended)});
}

void Annotations::end(const RunEnded& ended) {
  Kind lost;
  Kind errors = open_.end_run(ended, lost);
  // For example the run's own timeout, for which no task failed.
  if (ended.error && errors.empty()) {
    errors.add({Severity::error, "errand", escape_text(ended.error.message())});
  }
  print(errors, Severity::error, "failure");
  print(warnings_, Severity::warning, "allowed failure");
}

void Annotations::print(const Kind& kind, Severity severity, const char* what) {
  std::string lines;
  for (const Annotation& annotation : kind.first) lines += annotation_line(system_, annotation);
  if (kind.others > 0) {
    const std::string text =
        std::to_string(kind.others) + " more " + what + (kind.others == 1 ? "" : "s");
    lines += annotation_line(system_, {severity, "errand", text});
  }
  if (lines.empty()) return;
  log_.begin_line();
  log_.write(lines);
}

}  // namespace errand
