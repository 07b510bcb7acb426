// SPDX-License-Identifier: Apache-2.0
#include "cmd/input/exec_tasks.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "errand/base/escape_text.h"
#include "errand/base/quoted_text.h"
#include "errand/events/failure.h"
#include "errand/shell/shell_quote.h"

namespace errand::cmd {
namespace {

constexpr std::size_t kNameBytesMax = 255;
// An input that gives nothing for so long may be one that nobody meant to be read.
constexpr Duration kQuietInput = std::chrono::seconds(2);

std::string shown_path(const ItemSource& source) {
  return source.path == "-" ? "<stdin>" : source.path;
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

Task ExecTasks::make(std::vector<std::string> values, const std::string& place) {
  Task task = model_;
  task.id = ++made_;
  task.number = made_;
  task.name = name_of(values.front(), made_);
  if (values.size() > 1) task.name += " +" + std::to_string(values.size() - 1);
  task.full_name = task.name;
  if (!form_) {
    task.run = Script{std::move(values.front())};
    return task;
  }
  Result<CommandTemplate::Instance> instance = form_->instantiate(values, made_);
  if (!instance) {
    task.impossible = place + ": " + instance.error().message();
    return task;
  }
  task.run = std::move(instance->run);
  if (!instance->slots.empty()) {
    auto policy = std::make_shared<Policy>(*task.policy);
    policy->slot_placeholders = std::move(instance->slots);
    task.policy = std::move(policy);
  }
  return task;
}

Plan ExecTasks::plan(Task group, const std::vector<std::string>& items) {
  std::vector<Task> tasks;
  tasks.reserve(items.size() / values_max_ + 2);
  tasks.push_back(std::move(group));
  for (std::size_t at = 0; at < items.size(); at += values_max_) {
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(values_max_, items.size() - at);
    tasks.push_back(make({begin, begin + static_cast<std::ptrdiff_t>(count)},
                         "argument " + std::to_string(at + 1)));
    tasks.front().children.push_back(tasks.back().id);
  }
  return Plan(std::move(tasks));
}

ExecSource::ExecSource(Runtime& runtime, ExecStream stream, Note note)
    : tasks_(std::move(stream.tasks)),
      source_(std::move(stream.source)),
      note_(std::move(note)),
      records_(runtime, shown_path(source_), std::move(stream.file), "", source_.nul ? '\0' : '\n'),
      waiting_(runtime, [this] {
        note_("waiting for input: " + source_.unnamed->reason + "; " + source_.unnamed->instead);
      }) {
  if (source_.unnamed && !tasks_.items_are_commands()) waiting_.set_after(kQuietInput);
}

Error ExecSource::empty_error() const {
  if (source_.may_be_empty || !source_.unnamed) return {};
  return Error::text("exec: " + source_.unnamed->reason + ", which is empty; " +
                     source_.unnamed->instead);
}

awaitable<Result<std::optional<Task>>> ExecSource::next(Context context) {
  std::vector<std::string> values;
  Error error = co_await read_values(std::move(context), values);
  if (error) co_return std::unexpected(std::move(error));
  if (values.empty()) co_return std::nullopt;
  const std::string first = place();
  co_return tasks_.make(std::move(values), first);
}

// Fewer than values_max() only at the end.
awaitable<Error> ExecSource::read_values(Context context, std::vector<std::string>& values) {
  std::string item;
  for (;;) {
    if (context.done()) co_return context.done_error();
    if (records_.take(item)) {
      waiting_.cancel();
      if (tasks_.items_are_commands() && item.find_first_not_of(" \t\r\n") == std::string::npos)
        continue;
      if (Error error = add_item(std::move(item), values)) co_return error;
      if (values.size() == tasks_.values_max()) co_return Error();
      continue;
    }
    if (records_.at_end()) {
      waiting_.cancel();
      note_end();
      co_return Error();
    }
    Error error = co_await records_.read_more(context);
    if (error) co_return error;
  }
}

Error ExecSource::add_item(std::string item, std::vector<std::string>& values) {
  if (item.find('\0') != std::string::npos) {
    return Error::make(InputFailure{place() + ": a NUL byte; -0 reads items that end with one"});
  }
  if (item.ends_with('\r') && !source_.nul && !std::exchange(noted_carriage_return_, true)) {
    note_(records_.name() +
          " has lines that end with CR LF, and the CR is part of the argument; "
          "tr -d '\\r' removes it");
  }
  if (items_++ == 0) first_item_ = item;
  values.push_back(std::move(item));
  return {};
}

void ExecSource::note_end() {
  const bool is_lone = source_.unnamed && items_ == 1 && !tasks_.items_are_commands();
  if (std::exchange(noted_end_, true) || !is_lone) return;
  if (first_item_.find_first_of(" \t") == std::string::npos) return;
  if (::access(first_item_.c_str(), F_OK) == 0) return;
  note_("a whole line is one argument: " + task_file::quote(first_item_) +
        "; for several write them after ':::'");
}

std::string ExecSource::place() const {
  return records_.name() + ":" + std::to_string(records_.number());
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
