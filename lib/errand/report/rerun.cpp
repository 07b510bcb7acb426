// SPDX-License-Identifier: Apache-2.0
#include "errand/report/rerun.h"

#include <algorithm>
#include <span>

#include "errand/shell/shell_quote.h"

namespace errand {
namespace {

std::string words_text(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += " " + printable_shell_quote(word);
  return text;
}

// Empty if the reader is where the run was, or needs not be.
std::string folder_option(const Origin& origin, std::string_view folder) {
  const bool found_anywhere = origin.file.starts_with('/');
  if (found_anywhere || origin.folder == folder) return {};
  return " -C " + printable_shell_quote(origin.folder);
}

bool is_like_option(std::string_view word) { return word.starts_with('-'); }

}  // namespace

std::string rerun_command(const Origin& origin, const std::vector<std::string>& names,
                          std::string_view folder) {
  if (origin.file.empty()) return {};
  std::string command =
      "errand run" + folder_option(origin, folder) + words_text(origin.task_options);
  if (is_like_option(origin.file) || std::ranges::any_of(names, is_like_option)) command += " --";
  return command + " " + printable_shell_quote(origin.file) + words_text(names);
}

std::string command_again(const Origin& origin, std::string_view option, std::string_view folder) {
  if (origin.command.empty()) return {};
  const std::span<const std::string> words(origin.command);
  return "errand" + words_text(words.first(1)) + folder_option(origin, folder) +
         (option.empty() ? "" : " " + std::string(option)) + words_text(words.subspan(1));
}

}  // namespace errand
