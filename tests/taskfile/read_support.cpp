// SPDX-License-Identifier: Apache-2.0
#include "taskfile/read_support.h"

#include <sstream>

using namespace errand;

std::string dump(const Task& task) {
  std::ostringstream out;
  out << task.id << " in " << task.parent << ' ' << task.name << " = " << task.full_name << " ("
      << task.description << ") ";
  if (const auto* script = std::get_if<Script>(&task.run))
    out << "script [" << script->text << "] ";
  if (const auto* argv = std::get_if<Argv>(&task.run)) {
    for (const std::string& word : *argv) out << '<' << word << '>';
  }
  for (const TaskId id : task.children) out << " has " << id;
  for (const Need& need : task.needs) out << " needs " << need.task;
  for (const std::string& word : *task.shell) out << " sh<" << word << '>';
  for (const auto& [name, value] : *task.env)
    out << ' ' << name << '=' << value.value_or("(unset)");
  out << " dir=" << task.dir << " group=" << task.is_group << " kill=" << task.kill_signal
      << " grace=" << task.grace.count() << " mode=" << to_string(task.mode);
  if (task.timeout) out << " timeout=" << task.timeout->count();
  if (task.jobs) out << " jobs=" << static_cast<int>(task.jobs->kind) << ':' << task.jobs->value;
  return out.str() + "\n";
}

std::string dump(const Plan& plan) {
  std::string all;
  for (const Task& task : plan.tasks()) all += dump(task);
  return all;
}
