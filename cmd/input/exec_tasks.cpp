// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/exec_tasks.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/base/quoted_text.h"
#include "errand/events/failure.h"
#include "errand/shell/shell_quote.h"

namespace errand::cmd {
namespace {

constexpr std::string_view kArguments = ":::";
constexpr std::size_t kNameBytesMax = 255;

std::unexpected<Error> wrong(const std::string& what) {
  return std::unexpected(Error::text("exec: " + what));
}

// Of a parallel that errand is not.
Error check_words(const std::vector<std::string>& words) {
  const auto is_list = [](const std::string& word) {
    return word == "::::" || word == ":::+" || word == "::::+";
  };
  if (const auto found = std::ranges::find_if(words, is_list); found != words.end()) {
    return Error::text("exec: '" + *found +
                       "' is not known; arguments stand behind one ':::', or "
                       "come from standard input");
  }
  if (std::ranges::count(words, kArguments) > 1) {
    return Error::text("exec: ':::' may stand only once; there is one list of arguments");
  }
  if (!words.empty() && words.front().empty()) return Error::text("exec: the command is empty");
  return {};
}

// Several words that are several commands.
Error check_commands(const std::vector<std::string>& commands) {
  for (const std::string& command : commands) {
    if (command.find_first_not_of(" \t\n") == std::string::npos)
      return Error::text("exec: a command is empty");
    if (!command.starts_with('-')) continue;
    return Error::text("exec: " + task_file::quote(command) +
                       " is not a command. Several words are several commands; put one command "
                       "with its arguments in quotes, or write ':::' behind it");
  }
  return {};
}

std::string name_of(const std::string& item, std::uint64_t number) {
  const std::size_t begin = item.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return std::to_string(number);
  std::size_t end = std::min(item.find_last_not_of(" \t\n") + 1, begin + kNameBytesMax);
  // Not within a character.
  while (end < item.size() && end > begin && (static_cast<unsigned char>(item[end]) & 0xC0) == 0x80)
    --end;
  return item.substr(begin, end == begin ? kNameBytesMax : end - begin);
}

}  // namespace

Result<ExecWork> read_words(std::vector<std::string> words, bool nul, Stdin input,
                            const std::vector<std::string>& shell) {
  if (Error error = check_words(words)) return std::unexpected(error);
  const auto mark = std::ranges::find(words, kArguments);
  const bool has_arguments = mark != words.end();
  ExecWork work;
  if (has_arguments) work.items.assign(mark + 1, words.end());
  words.erase(mark, words.end());
  if (has_arguments && nul) {
    return wrong("-0 is for standard input, and ':::' gives the arguments; leave one out");
  }
  const bool placeholders = std::ranges::any_of(words, has_placeholder);
  const bool lone = words.size() == 1 && input == Stdin::data;
  if (words.empty() && !has_arguments && input == Stdin::terminal) {
    return wrong("no command; write one, or pipe commands in, one a line");
  }
  work.from_stdin = !has_arguments && (words.empty() || nul || placeholders || lone);
  if (words.empty()) {
    if (Error error = check_commands(work.items)) return std::unexpected(error);
    return work;
  }
  if (has_arguments || work.from_stdin) {
    Result<CommandTemplate> form = CommandTemplate::make(std::move(words), shell);
    if (!form) return wrong(form.error().message());
    work.form = std::move(*form);
    return work;
  }
  if (Error error = check_commands(words)) return std::unexpected(error);
  work.items = std::move(words);
  return work;
}

Task ExecTasks::make(const std::string& item) {
  Task task = model_;
  task.id = ++made_;
  task.number = made_;
  task.name = name_of(item, made_);
  task.full_name = task.name;
  if (!form_) {
    task.run = Script{item};
    return task;
  }
  CommandTemplate::Instance instance = form_->instantiate(item, made_);
  task.run = std::move(instance.run);
  if (!instance.slots.empty()) {
    auto policy = std::make_shared<Policy>(*task.policy);
    policy->slot_placeholders = std::move(instance.slots);
    task.policy = std::move(policy);
  }
  return task;
}

Plan ExecTasks::plan(Task group, const std::vector<std::string>& items) {
  std::vector<Task> tasks;
  tasks.reserve(items.size() + 1);
  tasks.push_back(std::move(group));
  for (const std::string& item : items) {
    tasks.push_back(make(item));
    tasks.front().children.push_back(tasks.back().id);
  }
  return Plan(std::move(tasks));
}

ExecSource::ExecSource(Runtime& runtime, UniqueFd input, ExecTasks tasks, bool nul)
    : tasks_(std::move(tasks)),
      records_(runtime, "<stdin>", std::move(input), "", nul ? '\0' : '\n') {}

awaitable<Result<std::optional<Task>>> ExecSource::next(Context context) {
  std::string item;
  for (;;) {
    if (context.done()) co_return std::unexpected(context.done_error());
    if (records_.take(item)) {
      if (tasks_.items_are_commands() && item.find_first_not_of(" \t\r\n") == std::string::npos)
        continue;
      co_return read_item(item);
    }
    if (records_.at_end()) co_return std::nullopt;
    Error error = co_await records_.read_more(context);
    if (error) co_return std::unexpected(std::move(error));
  }
}

Result<std::optional<Task>> ExecSource::read_item(const std::string& item) {
  if (item.find('\0') == std::string::npos) return tasks_.make(item);
  return std::unexpected(
      Error::make(InputFailure{records_.name() + ":" + std::to_string(records_.number()) +
                               ": a NUL byte; -0 reads items that end with one"}));
}

std::string command_line(const Task& task) {
  if (const auto* script = std::get_if<Script>(&task.run)) return script->text;
  std::string line;
  if (const auto* argv = std::get_if<Argv>(&task.run)) {
    for (const std::string& word : *argv)
      line += (line.empty() ? "" : " ") + shell_quote_if_needed(word);
  }
  return line;
}

std::string command_lines(const Plan& plan) {
  std::string lines;
  for (const Task& task : plan.tasks().subspan(1)) {
    if (!task.earlier_result) lines += escape_text(command_line(task)) + "\n";
  }
  return lines;
}

}  // namespace errand::cmd
