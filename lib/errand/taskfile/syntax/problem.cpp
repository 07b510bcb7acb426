// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/problem.h"

#include "errand/base/escape_text.h"

namespace errand {

std::string format_problem(std::string_view file, const Problem& problem) {
  std::string text = escape_text(file) + ":";
  if (problem.position.line > 0) {
    text +=
        std::to_string(problem.position.line) + ":" + std::to_string(problem.position.column) + ":";
  }
  return text + " " + problem.what;
}

}  // namespace errand
