// SPDX-License-Identifier: Apache-2.0
#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "taskfile/read_support.h"

namespace errand::fuzz {
namespace {

constexpr std::size_t kLinesMax = 200;

// What was read before leaves no trace.
void check_line(std::string_view text, std::uint32_t line, TaskLineReader& reader,
                const ReadOptions& options) {
  const auto task = reader.read(text, line);
  const auto alone = read_task_line(text, line, options);
  promise(task.has_value() == alone.has_value(), "a line stands for itself");
  if (!task) {
    check_problems(task.error(), text, line);
    promise(format_all(task.error()) == format_all(alone.error()), "so do its problems");
    return;
  }
  promise(dump(*task) == dump(*alone), "so does its task");
  promise(!task->is_group && task->needs.empty(), "a line is one task");
  check_task(*task);
}

}  // namespace

void json_lines(std::string_view text) {
  const ReadOptions options = read_options();
  TaskLineReader reader(options);
  looks_like_json_lines(text);
  promise(detect_format("x.json", text) == Format::json, "a name tells the format");
  for (std::uint32_t line = 1; !text.empty() && line <= kLinesMax; ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    check_line(text.substr(0, end), line, reader, options);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace errand::fuzz
