// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/interpret.h"

#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "errand/base/nearest.h"
#include "errand/plan/keys.h"
#include "errand/plan/quote.h"
#include "errand/plan/values.h"

namespace errand::task_file {
namespace {

// Recursion is as deep as the document, at most kDepthMax.
class Interpreter {
 public:
  Interpreter(const Source& source, const Inherited& inherited, ProblemList& problems)
      : source_(source), inherited_(inherited), problems_(problems) {}

  Draft read_plan(const Node& root, std::string_view name);
  Task read_lone_task(const Node& node);

 private:
  void add_root(const Node& root, std::string_view name);
  TaskId add_task(TaskId parent, std::string_view name, NamePlace place);
  void set_name(Task& task, std::string_view name, Offset offset);
  void rename(TaskId id, std::string_view name, Offset offset);
  void check_name(std::string_view name, Offset offset);

  void read_root_map(const Node& root);
  void read_tasks(TaskId parent, const Node& tasks);
  void read_listed_task(TaskId parent, std::size_t number, const Node& item);
  void read_task(TaskId id, std::string_view name, const Node& node);
  void read_task_map(TaskId id, std::string_view name, const Node& map);
  void read_run_of(TaskId id, std::string_view name, const Node& map, const KeySet& keys);
  void read_settings(TaskId id, const KeySet& keys);
  void read_env_of(Task& task, const Entry& entry);
  void read_needs(TaskId id, const Entry& entry);
  void add_need(TaskId id, const Node& name);
  void read_condition(const Entry& need);
  void check_condition(const Node& value);
  void refuse_other_tasks(const KeySet& keys);
  std::string join_dir(std::string_view dir) const;

  const Source& source_;
  const Inherited& inherited_;
  ProblemList& problems_;
  Draft draft_;
  std::size_t env_copy_left_ = kEnvCopiedBytesMax;
  bool lone_ = false;
};

Draft Interpreter::read_plan(const Node& root, std::string_view name) {
  add_root(root, name);
  if (root.kind == NodeKind::map) {
    read_root_map(root);
  } else if (root.kind == NodeKind::list) {
    read_tasks(0, root);
  } else {
    add_wrong_type(root, "the file", "a map that has \"tasks\", or a list of tasks", problems_);
  }
  return std::move(draft_);
}

Task Interpreter::read_lone_task(const Node& node) {
  lone_ = true;
  add_root(node, "");
  draft_.tasks.front().is_group = false;
  read_task(0, "the task", node);
  draft_.tasks.front().full_name = draft_.tasks.front().name;
  return std::move(draft_.tasks.front());
}

void Interpreter::add_root(const Node& root, std::string_view name) {
  Task task;
  task.name = name;
  task.position = source_.position(root.offset);
  task.is_group = true;
  task.dir = inherited_.dir;
  task.shell = inherited_.shell;
  task.env = inherited_.env;
  task.grace = inherited_.grace;
  draft_.tasks.push_back(std::move(task));
  draft_.names.push_back({root.offset});
}

TaskId Interpreter::add_task(TaskId parent, std::string_view name, NamePlace place) {
  const auto id = static_cast<TaskId>(draft_.tasks.size());
  Task& outer = draft_.tasks[parent];
  outer.children.push_back(id);
  Task task;
  task.id = id;
  task.parent = parent;
  task.position = source_.position(place.offset);
  task.dir = outer.dir;
  task.shell = outer.shell;
  task.env = outer.env;
  task.grace = outer.grace;
  task.kill_signal = outer.kill_signal;
  set_name(task, name, place.offset);
  draft_.tasks.push_back(std::move(task));
  draft_.names.push_back(place);
  return id;
}

void Interpreter::set_name(Task& task, std::string_view name, Offset offset) {
  check_name(name, offset);
  task.name = name.substr(0, kTaskNameBytesMax);
  if (lone_) return;
  const std::string& outer = draft_.tasks[task.parent].full_name;
  task.full_name = outer.empty() ? task.name : outer + '/' + task.name;
  if (task.full_name.size() <= kFullNameBytesMax) return;
  problems_.add(offset, "the full name is longer than 1024 bytes; shorten the names of its groups");
  task.full_name.resize(kFullNameBytesMax);
}

void Interpreter::rename(TaskId id, std::string_view name, Offset offset) {
  set_name(draft_.tasks[id], name, offset);
  draft_.names[id] = {offset};
}

void Interpreter::check_name(std::string_view name, Offset offset) {
  if (name.empty()) {
    problems_.add(offset, "a task's name cannot be empty");
  } else if (name.find('/') != std::string_view::npos) {
    problems_.add(offset, [&] {
      return "the name " + quote(name) + " has a \"/\", which joins groups and tasks; leave it out";
    });
  } else if (name.size() > kTaskNameBytesMax) {
    problems_.add(offset, "a task's name has at most 255 bytes; put the rest into description");
  }
}

void Interpreter::read_root_map(const Node& root) {
  const KeySet keys = read_keys(root, problems_);
  check_level(keys, Level::run, problems_);
  if (const Entry version = keys[Key::version]) check_version(version, problems_);
  if (const Entry name = keys[Key::name]) {
    if (const auto text = read_text(name, problems_)) draft_.tasks.front().name = *text;
  }
  read_settings(0, keys);
  if (const Entry tasks = keys[Key::tasks]) {
    read_tasks(0, *tasks.value);
  } else if (!keys[Key::run] && !keys[Key::cmds]) {
    problems_.add(root.offset, "\"tasks\" is missing; write the tasks below it");
  }
}

void Interpreter::read_tasks(TaskId parent, const Node& tasks) {
  if (tasks.kind == NodeKind::map) {
    for (const Entry entry : Entries(tasks)) {
      const std::string_view name = entry.key->text;
      read_task(add_task(parent, name, {entry.key->offset, true}), name, *entry.value);
    }
  } else if (tasks.kind == NodeKind::list) {
    std::size_t number = 0;
    for (const Node& item : Items(tasks)) read_listed_task(parent, ++number, item);
  } else if (tasks.kind != NodeKind::null) {
    add_wrong_type(tasks, "tasks", "a map of tasks by name, or a list of tasks", problems_);
  }
}

// Its number is its name until it gives itself one.
void Interpreter::read_listed_task(TaskId parent, std::size_t number, const Node& item) {
  const std::string name = std::to_string(number);
  read_task(add_task(parent, name, {item.offset}), "task " + name, item);
}

void Interpreter::read_task(TaskId id, std::string_view name, const Node& node) {
  if (node.kind == NodeKind::map) {
    read_task_map(id, name, node);
  } else if (auto run = read_run(node, name, problems_)) {
    draft_.tasks[id].run = std::move(*run);
  }
}

void Interpreter::read_task_map(TaskId id, std::string_view name, const Node& map) {
  const KeySet keys = read_keys(map, problems_);
  const bool is_group = static_cast<bool>(keys[Key::tasks]);
  check_level(keys, is_group ? Level::group : Level::task, problems_);
  if (const Entry own = keys[Key::name]) {
    if (const auto text = read_text(own, problems_)) rename(id, *text, own.value->offset);
  }
  draft_.tasks[id].is_group = is_group;
  read_settings(id, keys);
  if (lone_) {
    refuse_other_tasks(keys);
  } else if (const Entry needs = keys[Key::needs]) {
    read_needs(id, needs);
  }
  if (!is_group) {
    read_run_of(id, name, map, keys);
  } else if (!lone_) {
    read_tasks(id, *keys[Key::tasks].value);
  }
}

void Interpreter::read_run_of(TaskId id, std::string_view name, const Node& map,
                              const KeySet& keys) {
  if (const Entry run = keys[Key::run]) {
    auto what = read_run(*run.value, run.key->text, problems_);
    if (what) draft_.tasks[id].run = std::move(*what);
  } else if (!keys[Key::cmds] && !keys.has_unknown()) {
    problems_.add(map.offset,
                  [&] { return quote(name) + " has nothing to do; give it \"run\" or \"tasks\""; });
  }
}

void Interpreter::refuse_other_tasks(const KeySet& keys) {
  for (const Key key : {Key::needs, Key::tasks}) {
    const Entry entry = keys[key];
    if (!entry) continue;
    problems_.add(entry.key->offset, quote(entry.key->text) +
                                         " needs other tasks, and each line of JSON Lines stands "
                                         "alone; write a plan with \"tasks\" instead");
  }
}

void Interpreter::read_settings(TaskId id, const KeySet& keys) {
  Task& task = draft_.tasks[id];
  const auto read = [&](Key key, auto reader, auto&& assign) {
    const Entry entry = keys[key];
    if (!entry) return;
    if (auto value = reader(entry, problems_)) assign(std::move(*value));
  };
  read(Key::description, read_text, [&](std::string_view text) { task.description = text; });
  read(Key::shell, read_argv, [&](Argv argv) {
    task.shell = std::make_shared<const std::vector<std::string>>(std::move(argv));
  });
  read(Key::dir, read_dir, [&](std::string_view dir) { task.dir = join_dir(dir); });
  read(Key::timeout, read_timeout, [&](Duration timeout) { task.timeout = timeout; });
  read(Key::grace, read_duration, [&](Duration grace) { task.grace = grace; });
  read(Key::kill_signal, read_signal, [&](int signal) { task.kill_signal = signal; });
  read(Key::mode, read_mode, [&](Mode mode) { task.mode = mode; });
  read(Key::jobs, read_jobs, [&](Jobs jobs) { task.jobs = jobs; });
  if (const Entry env = keys[Key::env]) read_env_of(task, env);
}

void Interpreter::read_env_of(Task& task, const Entry& entry) {
  std::vector<EnvEntry> own = read_env(entry, problems_);
  if (own.empty()) return;
  std::size_t copied = 0;
  for (const auto& [name, value] : *task.env) {
    copied += sizeof(EnvEntry) + name.size() + (value ? value->size() : 0);
  }
  if (copied > env_copy_left_) {
    problems_.add(
        entry.key->offset,
        "the environments of all tasks together are too large; put less into the outer ones");
    return;
  }
  env_copy_left_ -= copied;
  std::vector<EnvEntry> merged = *task.env;
  std::move(own.begin(), own.end(), std::back_inserter(merged));
  task.env = std::make_shared<const std::vector<EnvEntry>>(std::move(merged));
}

std::string Interpreter::join_dir(std::string_view dir) const {
  if (dir.starts_with('/') || inherited_.dir.empty()) return std::string(dir == "." ? "" : dir);
  if (dir == ".") return inherited_.dir;
  return inherited_.dir + (inherited_.dir.ends_with('/') ? "" : "/") + std::string(dir);
}

void Interpreter::read_needs(TaskId id, const Entry& entry) {
  const Node& value = *entry.value;
  if (value.kind == NodeKind::list) {
    for (const Node& item : Items(value)) add_need(id, item);
  } else if (value.kind == NodeKind::map) {
    for (const Entry need : Entries(value)) {
      draft_.needs.push_back({id, need.key->offset, need.key->text});
      read_condition(need);
    }
  } else if (value.kind != NodeKind::null) {
    add_need(id, value);
  }
}

void Interpreter::add_need(TaskId id, const Node& name) {
  if (name.is_scalar() && name.kind != NodeKind::null) {
    draft_.needs.push_back({id, name.offset, name.text});
  } else {
    add_wrong_type(name, "needs", "the name of a task", problems_);
  }
}

void Interpreter::read_condition(const Entry& need) {
  if (need.value->kind == NodeKind::null) return;
  if (need.value->kind != NodeKind::map) {
    return add_wrong_type(*need.value, need.key->text, "a map such as { condition: success }",
                          problems_);
  }
  for (const Entry entry : Entries(*need.value)) {
    const std::string_view key = entry.key->text;
    if (key == "condition") {
      check_condition(*entry.value);
    } else if (!key.starts_with("x-")) {
      problems_.add(entry.key->offset, [&] {
        return "unknown key " + quote(key) + ", the only one here is \"condition\"";
      });
    }
  }
}

void Interpreter::check_condition(const Node& value) {
  constexpr std::array<std::string_view, 4> known = {"success", "done", "started", "ready"};
  if (value.text == known.front()) return;
  if (!value.is_scalar()) return add_wrong_type(value, "condition", "success", problems_);
  problems_.add(value.offset, [&] {
    for (const std::string_view later : known) {
      if (value.text == later) return "condition " + quote(later) + " is not available yet";
    }
    const std::string near = nearest(value.text, known);
    return "unknown condition " + quote(value.text) +
           (near.empty() ? "; write success" : ", did you mean \"" + near + "\"?");
  });
}

}  // namespace

Inherited::Inherited(const ReadOptions& options)
    : dir(options.dir),
      shell(std::make_shared<const std::vector<std::string>>(options.shell)),
      env(std::make_shared<const std::vector<EnvEntry>>()),
      grace(options.grace) {}

Draft interpret_plan(const Document& document, const Source& source, const ReadOptions& options,
                     ProblemList& problems) {
  const Inherited inherited(options);
  return Interpreter(source, inherited, problems).read_plan(document.root(), options.name);
}

Task interpret_task(const Document& document, const Source& source, const Inherited& inherited,
                    ProblemList& problems) {
  return Interpreter(source, inherited, problems).read_lone_task(document.root());
}

}  // namespace errand::task_file
