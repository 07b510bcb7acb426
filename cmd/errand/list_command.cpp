// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "errand/commands.h"
#include "errand/input.h"
#include "errand/report/escape_text.h"

namespace errand::cmd {
namespace {

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += between;
    joined += word;
  }
  return joined;
}

// What runs, in one line.
std::string command_text(const Task& task) {
  if (const auto* script = std::get_if<Script>(&task.run)) return escape_text(script->text);
  if (const auto* argv = std::get_if<Argv>(&task.run))
    return "[" + escape_text(join(*argv, ", ")) + "]";
  return {};
}

std::vector<std::string> need_names(const Plan& plan, const Task& task) {
  std::vector<std::string> names;
  for (const Need& need : task.needs) names.push_back(plan.task(need.task).full_name);
  return names;
}

std::string group_settings(const Task& task) {
  std::string text(to_string(task.mode));
  if (task.jobs) {
    switch (task.jobs->kind) {
      case Jobs::Kind::count:
        text += ", jobs " + std::to_string(task.jobs->value);
        break;
      case Jobs::Kind::percent:
        text += ", jobs " + std::to_string(task.jobs->value) + "%";
        break;
      case Jobs::Kind::automatic:
        text += ", jobs auto";
        break;
      case Jobs::Kind::unlimited:
        text += ", no limit of jobs";
        break;
    }
  }
  return text;
}

std::size_t depth(const Plan& plan, const Task& task) {
  std::size_t levels = 0;
  for (TaskId id = task.id; id != 0; id = plan.task(id).parent) ++levels;
  return levels;
}

std::string list_text(const Plan& plan) {
  std::size_t width = 0;
  const auto label = [&](const Task& task) {
    return std::string(2 * (depth(plan, task) - 1), ' ') + escape_text(task.name) +
           (task.is_group ? "/" : "");
  };
  for (const Task& task : plan.tasks().subspan(1))
    width = std::max(width, std::min<std::size_t>(label(task).size(), 40));
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) {
    std::string line = label(task);
    std::string about = task.description.empty()
                            ? (task.is_group ? std::string(to_string(task.mode)) : "")
                            : escape_text(task.description);
    if (!task.needs.empty())
      about += (about.empty() ? "" : "  ") +
               ("(needs " + escape_text(join(need_names(plan, task), ", ")) + ")");
    if (!about.empty())
      line += std::string(line.size() < width ? width - line.size() : 0, ' ') + "  " + about;
    text += line + "\n";
  }
  return text;
}

std::string list_names(const Plan& plan) {
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) text += escape_text(task.full_name) + "\n";
  return text;
}

nlohmann::ordered_json list_json(const Plan& plan) {
  nlohmann::ordered_json tasks = nlohmann::ordered_json::array();
  for (const Task& task : plan.tasks().subspan(1)) {
    nlohmann::ordered_json entry;
    entry["name"] = task.full_name;
    entry["group"] = task.is_group;
    if (task.is_group) entry["mode"] = to_string(task.mode);
    if (!task.description.empty()) entry["description"] = task.description;
    entry["needs"] = need_names(plan, task);
    if (const auto* script = std::get_if<Script>(&task.run)) entry["run"] = script->text;
    if (const auto* argv = std::get_if<Argv>(&task.run)) entry["run"] = *argv;
    tasks.push_back(std::move(entry));
  }
  return {{"version", 1}, {"name", plan.root().name}, {"tasks", std::move(tasks)}};
}

}  // namespace

std::string describe(const Plan& plan) {
  const Task& root = plan.root();
  std::string text = escape_text(root.name) + ": " + group_settings(root) +
                     (root.timeout ? ", timeout " + format_duration(*root.timeout) : "") + "\n";
  for (const Task& task : plan.tasks().subspan(1)) {
    const std::string indent(2 * depth(plan, task), ' ');
    text += indent + escape_text(task.name) + ": " +
            (task.is_group ? group_settings(task) : command_text(task)) + "\n";
    const auto detail = [&](const std::string& what) { text += indent + "    " + what + "\n"; };
    if (!task.needs.empty()) detail("needs " + escape_text(join(need_names(plan, task), ", ")));
    if (task.timeout) detail("timeout " + format_duration(*task.timeout));
    if (task.is_group) continue;
    if (std::holds_alternative<Script>(task.run) && task.shell)
      detail("shell " + escape_text(join(*task.shell, " ")));
    if (!task.dir.empty()) detail("dir " + escape_text(task.dir));
  }
  return text;
}

int list(const ListCommand& command) {
  const std::expected<Input, InputError> input = read_input(command.input, {});
  if (!input) {
    complain(input.error().lines);
    return kErrandFailed;
  }
  if (std::holds_alternative<TaskStream>(*input)) {
    complain({"errand: a stream of tasks (JSON Lines) cannot be listed"});
    return kErrandFailed;
  }
  const Plan& plan = std::get<FilePlan>(*input).plan;
  if (command.names) return print(list_names(plan));
  if (!command.json) return print(list_text(plan));
  return print(list_json(plan).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
               "\n");
}

}  // namespace errand::cmd
