// SPDX-License-Identifier: Apache-2.0
#include "errand/report/rerun.h"

#include <algorithm>

#include "errand/shell/shell_quote.h"

namespace errand {
namespace {

bool is_like_option(std::string_view word) { return word.starts_with('-'); }

// "errand run", and the folder to run it in.
std::string run_in_folder(const Origin& origin, std::string_view folder) {
  const bool found_anywhere = origin.file.starts_with('/');
  if (found_anywhere || origin.folder == folder) return "errand run ";
  return "errand run -C " + shell_quote_if_needed(origin.folder) + " ";
}

}  // namespace

std::string rerun_command(const Origin& origin, const std::vector<std::string>& names,
                          std::string_view folder) {
  if (origin.file.empty()) return {};
  std::string command = run_in_folder(origin, folder);
  if (is_like_option(origin.file) || std::ranges::any_of(names, is_like_option)) command += "-- ";
  command += shell_quote_if_needed(origin.file);
  for (const std::string& name : names) command += " " + shell_quote_if_needed(name);
  return command;
}

std::string rerun_failed_command(const Origin& origin, std::string_view folder) {
  if (origin.file.empty()) return {};
  const std::string command = run_in_folder(origin, folder);
  const std::string file = shell_quote_if_needed(origin.file);
  return command + (is_like_option(origin.file) ? "--failed -- " + file : file + " --failed");
}

}  // namespace errand
