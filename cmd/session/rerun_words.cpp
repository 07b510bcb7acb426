// SPDX-License-Identifier: Apache-2.0
#include "cmd/session/rerun_words.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "cmd/input/exec_tasks.h"
#include "cmd/resume/resume.h"
#include "errand/base/masker.h"
#include "errand/report/rerun.h"
#include "errand/shell/command_template.h"

namespace errand::cmd {
namespace {

using Words = std::vector<std::string>;

bool shows_secret(const GivenOption& option, const Masker& masker) {
  return std::ranges::any_of(option.words,
                             [&](const std::string& word) { return masker.mask(word) != word; });
}

// The secrets of tasks that arrive as a stream are not known yet.
bool may_be_secret(const GivenOption& option, const Input& input) {
  return std::holds_alternative<TaskStream>(input) && option.words.front() == "--env";
}

// What a pipe has given, as in <(generate), it does not give again. Standard input may be given
// again by whoever pastes the command.
bool can_be_read_again(const Input& input) {
  const auto* file = std::get_if<FilePlan>(&input);
  const auto* stream = std::get_if<TaskStream>(&input);
  const std::string name = file ? file->file : stream ? stream->name : "";
  std::error_code unknown;
  return name.empty() || name == kStdin || std::filesystem::is_regular_file(name, unknown);
}

// After the first word of exec nothing is an option.
bool has_option_like_word(const Words& words, std::string_view command) {
  const auto is_like_option = [](const std::string& word) {
    return word.size() > 1 && word.starts_with('-');
  };
  const auto end = command == "exec" && !words.empty() ? words.begin() + 1 : words.end();
  return std::any_of(words.begin(), end, is_like_option);
}

std::size_t bytes_of(const Words& words) {
  std::size_t bytes = 0;
  for (const std::string& word : words) bytes += word.size() + 1;
  return bytes;
}

// A list of words becomes a script for sh, whatever --shell says.
Words options_for(const Task& task, const Words& options) {
  Words kept;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const bool is_list = std::holds_alternative<Argv>(task.run);
    if (is_list && options[i] == "--shell") {
      ++i;
    } else {
      kept.push_back(options[i]);
    }
  }
  return kept;
}

void append(Words& to, const Words& words) { to.insert(to.end(), words.begin(), words.end()); }

}  // namespace

Origin rerun_origin(const RunCommand& command, const Input& input, const Masker& masker) {
  Origin origin = origin_of(input);
  Words options;
  for (const GivenOption& option : command.given) {
    if (shows_secret(option, masker) || may_be_secret(option, input)) continue;
    append(options, option.words);
    if (option.is_for_tasks) append(origin.task_options, option.words);
  }
  if (command.typed.empty() || !can_be_read_again(input)) return origin;
  origin.command = {command.typed.front()};
  append(origin.command, options);
  Words words(command.typed.begin() + 1, command.typed.end());
  const bool is_found = !origin.file.empty() && (words.empty() || words.front() != origin.file);
  if (is_found) words.insert(words.begin(), origin.file);  // it was not typed
  if (has_option_like_word(words, command.typed.front())) origin.command.emplace_back("--");
  append(origin.command, words);
  if (bytes_of(origin.command) > kRerunBytesMax) origin.command.clear();
  return origin;
}

std::string exec_rerun_command(const Origin& origin, const Task& task, std::string_view folder) {
  if (!task.policy->slot_placeholders.empty()) return {};
  const std::string script = command_line(task);
  if (script.size() > kRerunBytesMax) return {};
  Origin again{origin.folder, {}, {}, {"exec"}};
  append(again.command, options_for(task, origin.task_options));
  const bool has_braces = has_implicit_placeholder(script) || script.contains("{{");
  if (has_braces) again.command.emplace_back(":::");  // after it braces are braces
  again.command.push_back(script);
  return command_again(again, "", folder);
}

}  // namespace errand::cmd
