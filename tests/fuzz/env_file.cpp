// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/env_file.h"

#include <algorithm>
#include <charconv>

#include "errand/taskfile/fields/values.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

void check_place(const std::string& message, std::string_view text) {
  constexpr std::string_view front = "line ";
  promise(message.starts_with(front), "an error names its line");
  std::size_t line = 0;
  const char* const end = message.data() + message.size();
  const auto [rest, failed] = std::from_chars(message.data() + front.size(), end, line);
  promise(failed == std::errc() && rest != end && *rest == ':', "as a number");
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  promise(line >= 1 && line <= lines, "the line exists");
}

}  // namespace

void env_file(std::string_view text) {
  const auto entries = parse_env_file(text);
  if (!entries) return check_place(entries.error().message(), text);
  std::size_t bytes = 0;
  for (const auto& [name, value] : *entries) {
    promise(task_file::is_variable_name(name), "a variable has a name");
    promise(value.has_value(), "a file sets variables");
    const bool has_nul = (name + *value).find('\0') != std::string::npos;
    promise(!has_nul, "a process can be given each variable");
    bytes += name.size() + value->size();
  }
  promise(bytes <= text.size(), "nothing is expanded");
}

}  // namespace errand::fuzz
