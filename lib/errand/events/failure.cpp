// SPDX-License-Identifier: Apache-2.0
#include "errand/events/failure.h"

namespace errand {

std::string_view to_string(TaskState state) {
  switch (state) {
    case TaskState::succeeded:
      return "succeeded";
    case TaskState::failed:
      return "failed";
    case TaskState::timed_out:
      return "timed_out";
    case TaskState::canceled:
      return "canceled";
    case TaskState::skipped:
      return "skipped";
  }
  return "";
}

std::string_view in_words(TaskState state) {
  return state == TaskState::timed_out ? "timed out" : to_string(state);
}

std::string TimedOut::message() const {
  const std::string length = format_duration(timeout);
  if (!owner.empty()) return "the timeout of " + owner + " (" + length + ") passed";
  return kind == Kind::timeout ? "timed out after " + length
                               : "the deadline of " + length + " passed";
}

std::string TaskFailure::as_cause() const {
  if (state != TaskState::timed_out) return task + " failed (" + what + ")";
  return task + (TimedOut::is_timeout(what) ? " " : ": ") + what;
}

std::string TasksFailed::message() const {
  return std::to_string(failed) + " of " + std::to_string(total) +
         (total == 1 ? " task failed" : " tasks failed");
}

std::string cause_text(const Error& cause) {
  const auto* failure = cause.as<TaskFailure>();
  return failure ? failure->as_cause() : cause.message();
}

}  // namespace errand
