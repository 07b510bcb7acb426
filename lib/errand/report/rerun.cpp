// SPDX-License-Identifier: Apache-2.0
#include "errand/report/rerun.h"

#include <algorithm>

#include "errand/shell/shell_quote.h"

namespace errand {

std::string rerun_command(const Origin& origin, const std::vector<std::string>& names,
                          std::string_view folder) {
  if (origin.file.empty()) return {};
  std::string command = "errand run ";
  const bool found_anywhere = origin.file.starts_with('/');
  if (!found_anywhere && origin.folder != folder)
    command += "-C " + shell_quote_if_needed(origin.folder) + " ";
  const auto like_option = [](std::string_view word) { return word.starts_with('-'); };
  if (like_option(origin.file) || std::ranges::any_of(names, like_option)) command += "-- ";
  command += shell_quote_if_needed(origin.file);
  for (const std::string& name : names) command += " " + shell_quote_if_needed(name);
  return command;
}

}  // namespace errand
