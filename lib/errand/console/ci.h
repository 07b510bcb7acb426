// SPDX-License-Identifier: Apache-2.0
//
// The words of CI systems: how their logs are folded and their pages annotated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "errand/events/events.h"

namespace errand {

enum class CiSystem : std::uint8_t { none, github, gitlab, azure, teamcity };

// "GitHub Actions", "GitLab", "Azure Pipelines", "TeamCity"; empty for none.
std::string_view to_string(CiSystem system);

// A part of the log that the reader opens where he wants to see it.
struct Fold {
  TaskId task = 0;
  std::string title;  // escaped
  WallTime began, ended;
};

// Whole lines; empty for none.
std::string fold_begin(CiSystem system, const Fold& fold);
std::string fold_end(CiSystem system, const Fold& fold);

enum class Severity : std::uint8_t { warning, error };

struct Annotation {
  Severity severity = Severity::error;
  std::string title;  // whose it is; where the system has a place for it
  std::string text;   // may have several lines
};

// A whole line that the system shows on the page of the run; empty where a log cannot say that
// (none, gitlab). Whatever is in the texts stays text.
std::string annotation_line(CiSystem system, const Annotation& annotation);

}  // namespace errand
