// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/commands/shown_plan.h"
#include "cmd/input/input.h"
#include "cmd/print.h"
#include "errand/base/escape_text.h"

namespace errand::cmd {
namespace {

constexpr std::size_t kNameColumnsMax = 40;

std::size_t depth(const Plan& plan, const Task& task) {
  std::size_t levels = 0;
  for (TaskId id = task.id; id != 0; id = plan.task(id).parent) ++levels;
  return levels;
}

// What is not to be overlooked: "[service]".
std::string marks(const Task& task) {
  std::string text;
  const auto add = [&text](const std::string& mark) { text += (text.empty() ? "[" : ", ") + mark; };
  if (task.policy->service) add("service");
  if (task.policy->when != When::on_success) add(std::string(to_string(task.policy->when)));
  if (!task.excluded.empty()) add("excluded, " + escape_text(task.excluded));
  return text.empty() ? "" : text + "]";
}

std::string about(const Plan& plan, const Task& task) {
  std::string text = task.description.empty()
                         ? (task.is_group ? std::string(to_string(task.mode)) : "")
                         : escape_text(task.description);
  const auto add = [&text](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : "  ") + part;
  };
  add(marks(task));
  if (!task.needs.empty()) add("(needs " + needs_text(plan, task) + ")");
  return text;
}

std::string list_text(const Plan& plan) {
  std::vector<std::string> labels;
  std::size_t width = 0;
  for (const Task& task : plan.tasks().subspan(1)) {
    labels.push_back(std::string(2 * (depth(plan, task) - 1), ' ') + escape_text(task.name) +
                     (task.is_group ? "/" : ""));
    width = std::max(width, std::min(text_columns(labels.back()), kNameColumnsMax));
  }
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) {
    const std::string& label = labels[task.id - 1];
    text += label;
    if (const std::string right = about(plan, task); !right.empty()) {
      const std::size_t columns = text_columns(label);
      text += std::string(columns < width ? width - columns : 0, ' ') + "  " + right;
    }
    text += '\n';
  }
  return text;
}

std::string list_names(const Plan& plan) {
  std::string text;
  for (const Task& task : plan.tasks().subspan(1)) text += escape_text(task.full_name) + "\n";
  return text;
}

// Needs are names alone, as in the file's short form; conditions stand beside them.
void add_needs(Json& to, const Plan& plan, const Task& task) {
  Json names = Json::array(), conditions = Json::object();
  for (const Need& need : task.needs) {
    const std::string name = plan.task(need.task).full_name;
    names.push_back(name);
    conditions[name] = to_string(need.condition);
  }
  to["needs"] = std::move(names);
  if (!conditions.empty()) to["conditions"] = std::move(conditions);
}

void add_commands(Json& to, const Task& task, const ShownTexts& texts) {
  if (task.is_group) return;
  if (task.policy->then.empty()) {
    to["run"] = run_value(task.run, texts);
    return;
  }
  to["cmds"].push_back(run_value(task.run, texts));
  for (const Run& run : task.policy->then) to["cmds"].push_back(run_value(run, texts));
}

void add_group(Json& to, const Task& task) {
  if (!task.is_group) return;
  to["mode"] = to_string(task.mode);
  if (task.jobs) to["jobs"] = jobs_value(*task.jobs);
}

Json list_entry(const Plan& plan, const Task& task, const ShownTexts& texts) {
  Json entry;
  entry["name"] = task.full_name;
  if (!task.description.empty()) entry["description"] = task.description;
  entry["group"] = task.is_group;
  add_group(entry, task);
  add_needs(entry, plan, task);
  add_commands(entry, task, texts);
  entry.update(settings_of(plan, task, texts, Audience::program));
  return entry;
}

Json list_json(const Plan& plan) {
  const ShownTexts texts(plan);
  Json list;
  list["version"] = 1;
  list["name"] = plan.root().name;
  if (!plan.root().description.empty()) list["description"] = plan.root().description;
  add_group(list, plan.root());
  list.update(settings_of(plan, plan.root(), texts, Audience::program));
  list["tasks"] = Json::array();
  for (const Task& task : plan.tasks().subspan(1)) {
    list["tasks"].push_back(list_entry(plan, task, texts));
  }
  return list;
}

}  // namespace

std::string listing(const Plan& plan, const ListCommand& command) {
  if (command.names) return list_names(plan);
  if (!command.json) return list_text(plan);
  return list_json(plan).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int list(const ListCommand& command) {
  const std::expected<FilePlan, InputError> file = read_whole_plan(command.input, "listed");
  if (file) return print(listing(file->plan, command));
  print_errors(file.error().lines);
  return kErrandFailed;
}

}  // namespace errand::cmd
