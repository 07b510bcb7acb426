// SPDX-License-Identifier: Apache-2.0
#include "errand/journal/log_names.h"

#include <algorithm>
#include <utility>

namespace errand {
namespace {

// A name that means nothing to a file system or a shell.
std::string file_name(const Task& task) {
  constexpr std::size_t kBytesMax = 100;
  std::string name = task.full_name.substr(0, kBytesMax);
  std::ranges::replace_if(
      name,
      [](char c) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return !plain && c != '-' && c != '.' && c != '=' && c != ',';
      },
      '_');
  if (name.starts_with('.')) name[0] = '_';
  return name;
}

}  // namespace

void LogNames::note(const AttemptEnded& ended) {
  if (is_failure(ended.state) && !ended.output.pieces.empty() && taken_.size() < kLogsMax) {
    failures_[ended.task->id] = ended.output;
  }
}

std::optional<LogNames::Log> LogNames::take(const TaskEnded& ended) {
  auto found = failures_.extract(ended.task->id);
  if (!found || !is_failure(ended.state) || taken_.size() >= kLogsMax) return {};
  const std::string name = file_name(*ended.task);
  // Another task may have nearly that name.
  for (const std::string& one : {name, name + "-" + std::to_string(ended.task->id)}) {
    if (taken_.insert(one).second) return Log{one + ".log", std::move(found.mapped())};
  }
  return {};
}

}  // namespace errand
