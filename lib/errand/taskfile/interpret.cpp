// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/interpret.h"

#include <algorithm>
#include <string>
#include <utility>

#include "errand/base/quoted_text.h"
#include "errand/taskfile/expand/matrix.h"
#include "errand/taskfile/expand/scope.h"
#include "errand/taskfile/expand/task_count_limit.h"
#include "errand/taskfile/fields/keys.h"
#include "errand/taskfile/fields/settings.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

// What a matrix task keeps for itself, being a group; all else is for each of its tasks.
constexpr Keys kMatrixGroupKeys = {Key::name, Key::needs, Key::when,    Key::mode,  Key::jobs,
                                   Key::halt, Key::rate,  Key::breaker, Key::matrix};
// What defaults give to whole groups of tasks; groups of the file may then say otherwise.
constexpr Keys kInheritedDefaults = {Key::shell,   Key::dir,   Key::env,         Key::env_file,
                                     Key::secrets, Key::grace, Key::kill_signal, Key::slow_after};
// Of a task's keys, those that are not texts to be expanded, or are expanded on their own.
constexpr Keys kNotExpanded = {Key::tasks,    Key::vars, Key::defaults, Key::if_condition,
                               Key::env_file, Key::env,  Key::secrets};

// Recursion is as deep as the document, at most kDepthMax.
class Interpreter {
 public:
  Interpreter(const Document& document, const Source& source, const Inherited& inherited,
              ProblemList& problems)
      : source_(source),
        inherited_(inherited),
        problems_(problems),
        expander_(document, source, inherited.external_variables, budget_, problems),
        environments_(inherited.dir, inherited.read_file, inherited.external_variables, expander_,
                      *inherited.masker, problems) {}

  Draft read_plan(const Node& root, std::string_view name);
  Task read_standalone_task(const Node& node);

 private:
  void add_root(const Node& root, std::string_view name);
  TaskId add_task(TaskId parent, std::string_view name, NamePlace place);
  void set_name(Task& task, std::string_view name, Offset offset);
  void rename(TaskId id, const KeySet& keys);

  void read_root_map(const Node& root, Scope& scope);
  void read_defaults(const Entry& entry, const Scope& outer_scope);
  void share_default_policy();
  void read_tasks(TaskId parent, const Node& tasks, const Scope& outer_scope);
  void read_task(TaskId id, std::string_view name, const Node& node, const Scope& outer_scope);
  void read_task_map(TaskId id, std::string_view name, const Node& map, const Scope& outer_scope);
  void read_group(TaskId id, KeySet keys, const Scope& outer_scope);
  void read_matrix_task(TaskId id, std::string_view name, const Node& map, const KeySet& keys,
                        const Scope& outer_scope);
  void add_combinations(TaskId id, std::string_view name, const Node& map, const KeySet& keys,
                        const std::vector<Combination>& combinations, const Scope& outer_scope);
  void read_single(TaskId id, std::string_view name, const Node& map, KeySet keys, Scope& scope);
  void add_defaults(TaskId id, KeySet& keys, bool shares, Scope& scope);
  void read_group_policy_of(Task& group, const KeySet& keys);
  void read_run_of(Task& task, std::string_view name, const Node& map, const KeySet& keys);
  std::vector<Run> read_commands_of(Task& task, const KeySet& keys);
  void read_condition_of(Task& task, const KeySet& keys, Scope& scope);
  void read_needs(TaskId id, const KeySet& keys);

  const Source& source_;
  const Inherited& inherited_;
  ProblemList& problems_;
  Draft draft_;
  ExpansionBudget budget_{kExpandedPlanBytesMax};
  TaskCountLimit task_count_limit_{budget_, problems_};
  Expander expander_;
  Environments environments_;
  std::optional<Limits> limits_;  // none of a task that stands alone
  bool is_standalone_ = false;

  // What "defaults" say.
  std::optional<Task> base_;  // what the run's tasks inherit from instead of the run
  std::optional<Scope> base_scope_;
  KeySet task_defaults_;
  std::size_t task_defaults_bytes_ = 0;
  std::shared_ptr<const Policy> default_policy_ = default_policy();  // of tasks that add nothing
};

Draft Interpreter::read_plan(const Node& root, std::string_view name) {
  add_root(root, name);
  Scope scope(nullptr);
  limits_.emplace(std::vector<Limit>());
  if (root.kind == NodeKind::map) {
    read_root_map(root, scope);
  } else if (root.kind == NodeKind::list) {
    read_tasks(0, root, scope);
  } else {
    add_wrong_type(root, "the file", "a map that has \"tasks\", or a list of tasks", problems_);
  }
  draft_.limits = limits_->all();
  expander_.report_undeclared_vars();
  draft_.notes = environments_.notes();
  return std::move(draft_);
}

Task Interpreter::read_standalone_task(const Node& node) {
  is_standalone_ = true;
  add_root(node, "");
  draft_.tasks.front().is_group = false;
  const Scope scope(nullptr);
  read_task(0, "the task", node, scope);
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
  task.slow_after = kDefaultSlowAfter;
  draft_.tasks.push_back(std::move(task));
  draft_.names.push_back({root.offset});
}

TaskId Interpreter::add_task(TaskId parent, std::string_view name, NamePlace place) {
  const auto id = static_cast<TaskId>(draft_.tasks.size());
  draft_.tasks[parent].children.push_back(id);
  const Task& outer = parent == 0 && base_ ? *base_ : draft_.tasks[parent];
  task_count_limit_.charge_repeated(outer, place.offset);
  Task task;
  task.id = id;
  task.parent = parent;
  task.position = source_.position(place.offset);
  task.excluded = outer.excluded;
  task.dir = outer.dir;
  task.shell = outer.shell;
  task.env = outer.env;
  task.grace = outer.grace;
  task.kill_signal = outer.kill_signal;
  task.slow_after = outer.slow_after;
  set_name(task, name, place.offset);
  draft_.tasks.push_back(std::move(task));
  draft_.names.push_back(place);
  return id;
}

void Interpreter::set_name(Task& task, std::string_view name, Offset offset) {
  check_task_name(name, offset, problems_);
  task.name = name.substr(0, kTaskNameBytesMax);
  if (is_standalone_) return;
  const std::string& outer = draft_.tasks[task.parent].full_name;
  task.full_name = outer.empty() ? task.name : outer + '/' + task.name;
  if (task.full_name.size() <= kFullNameBytesMax) return;
  problems_.add(offset, "the full name is longer than 1024 bytes; shorten the names of its groups");
  task.full_name.resize(kFullNameBytesMax);
}

void Interpreter::rename(TaskId id, const KeySet& keys) {
  const Entry own = keys[Key::name];
  if (!own) return;
  const auto text = read_text(own, problems_);
  if (!text) return;
  set_name(draft_.tasks[id], *text, own.value->offset);
  draft_.whole_names.erase(id);
  draft_.names[id] = {own.value->offset};
}

void Interpreter::read_root_map(const Node& root, Scope& scope) {
  KeySet keys = read_keys(root, problems_);
  check_level(keys, Level::run, problems_);
  if (const Entry vars = keys[Key::vars]) expander_.read_vars(vars);
  Task& run = draft_.tasks.front();
  environments_.read(keys, scope, run, root.offset);
  expander_.expand(keys, keys.present().without(kNotExpanded), scope);
  if (const Entry version = keys[Key::version]) check_version(version, problems_);
  if (const Entry name = keys[Key::name]) {
    if (const auto text = read_text(name, problems_)) run.name = *text;
  }
  read_settings(keys, inherited_.dir, run, problems_);
  read_group_policy_of(run, keys);
  if (const Entry limits = keys[Key::limits]) limits_.emplace(read_limits(limits, problems_));
  if (const Entry defaults = keys[Key::defaults]) read_defaults(defaults, scope);
  if (const Entry tasks = keys[Key::tasks]) {
    read_tasks(0, *tasks.value, base_scope_ ? *base_scope_ : scope);
  } else if (!keys[Key::run] && !keys[Key::cmds]) {
    problems_.add(root.offset, "\"tasks\" is missing; write the tasks below it");
  }
}

void Interpreter::read_defaults(const Entry& entry, const Scope& outer_scope) {
  if (entry.value->kind == NodeKind::null) return;
  if (entry.value->kind != NodeKind::map) {
    return add_wrong_type(*entry.value, entry.key->text, "a map such as { timeout: 10m }",
                          problems_);
  }
  const KeySet keys = read_keys(*entry.value, problems_);
  check_defaults(keys, problems_);
  base_ = draft_.tasks.front();
  base_scope_.emplace(&outer_scope);
  environments_.read(keys, *base_scope_, *base_, entry.key->offset);
  KeySet inherited = keys.only(kInheritedDefaults);
  expander_.expand(inherited, kInheritedDefaults.without(kNotExpanded), *base_scope_);
  read_settings(inherited, inherited_.dir, *base_, problems_);
  task_defaults_ = keys.only(kDefaultKeys.without(kInheritedDefaults));
  share_default_policy();
}

// Wrong defaults are told here, once, and not given to the tasks. Those with expressions can only
// be read for each task.
void Interpreter::share_default_policy() {
  bool varies = false;
  for (Keys left = task_defaults_.present(); !left.empty(); left = left.rest()) {
    const Node& value = *task_defaults_[left.first()].value;
    varies |= expander_.has_any() && has_expressions_below(value);
    task_defaults_bytes_ += cost_of_default(value);
  }
  if (varies) {
    default_policy_ = nullptr;
    return;
  }
  const std::size_t before = problems_.count();
  Task ignored;
  read_settings(task_defaults_, "", ignored, problems_);
  if (!(task_defaults_.present() & kTaskPolicyKeys).empty()) {
    default_policy_ =
        std::make_shared<const Policy>(read_task_policy(task_defaults_, &*limits_, problems_));
  }
  if (problems_.count() != before) task_defaults_ = KeySet();
}

void Interpreter::read_tasks(TaskId parent, const Node& tasks, const Scope& outer_scope) {
  if (tasks.kind == NodeKind::map) {
    for (const Entry entry : Entries(tasks)) {
      if (!task_count_limit_.may_add_task(draft_.tasks.size() - 1, entry.key->offset)) return;
      const std::string_view name = entry.key->text;
      const TaskId id = add_task(parent, name, {entry.key->offset, true});
      read_task(id, name, *entry.value, outer_scope);
    }
  } else if (tasks.kind == NodeKind::list) {
    std::size_t number = 0;
    for (const Node& item : Items(tasks)) {
      if (!task_count_limit_.may_add_task(draft_.tasks.size() - 1, item.offset)) return;
      const std::string name = std::to_string(++number);  // until it gives itself one
      read_task(add_task(parent, name, {item.offset}), "task " + name, item, outer_scope);
    }
  } else if (tasks.kind != NodeKind::null) {
    add_wrong_type(tasks, "tasks", "a map of tasks by name, or a list of tasks", problems_);
  }
}

void Interpreter::read_task(TaskId id, std::string_view name, const Node& node,
                            const Scope& outer_scope) {
  if (node.kind == NodeKind::map) return read_task_map(id, name, node, outer_scope);
  Node key;
  key.text = name;
  Scope scope(&outer_scope);
  KeySet keys;
  keys.set(Key::run, {&key, &node});
  read_single(id, name, node, std::move(keys), scope);
}

void Interpreter::read_task_map(TaskId id, std::string_view name, const Node& map,
                                const Scope& outer_scope) {
  const KeySet keys = read_keys(map, problems_);
  const bool is_group = static_cast<bool>(keys[Key::tasks]);
  const bool is_matrix = !is_group && keys[Key::matrix];
  const Level level = is_group ? Level::group : is_matrix ? Level::matrix : Level::task;
  check_level(keys, level, problems_);
  if (is_standalone_) check_standalone(keys, problems_);
  if (is_group && !is_standalone_) {
    read_group(id, keys, outer_scope);
  } else if (is_matrix && !is_standalone_) {
    read_matrix_task(id, name, map, keys, outer_scope);
  } else {
    Scope scope(&outer_scope);
    read_single(id, name, map, keys, scope);
  }
}

void Interpreter::read_group(TaskId id, KeySet keys, const Scope& outer_scope) {
  Scope scope(&outer_scope);
  Task& group = draft_.tasks[id];
  group.is_group = true;
  environments_.read(keys, scope, group, draft_.names[id].offset);
  read_condition_of(group, keys, scope);
  expander_.expand(keys, keys.present().without(kNotExpanded), scope);
  rename(id, keys);
  read_settings(keys, inherited_.dir, group, problems_);
  read_group_policy_of(group, keys);
  read_needs(id, keys);
  read_tasks(id, *keys[Key::tasks].value, scope);
}

void Interpreter::read_group_policy_of(Task& group, const KeySet& keys) {
  if ((keys.present() & kGroupPolicyKeys).empty()) return;
  group.policy = std::make_shared<const Policy>(read_group_policy(keys, problems_));
}

// The task becomes a group of its name, with a task for each combination.
void Interpreter::read_matrix_task(TaskId id, std::string_view name, const Node& map,
                                   const KeySet& keys, const Scope& outer_scope) {
  Keys of_group = kMatrixGroupKeys;
  // A description that differs from one combination to the next is theirs.
  const Entry description = keys[Key::description];
  if (description && !has_expressions_below(*description.value)) {
    of_group = of_group | Keys{Key::description};
  }
  Scope scope(&outer_scope);
  KeySet own = keys.only(of_group);
  expander_.expand(own, of_group, scope);
  Task& group = draft_.tasks[id];
  group.is_group = true;
  if (draft_.tasks[group.parent].mode == Mode::aggregate) group.mode = Mode::aggregate;
  rename(id, own);
  read_settings(own, inherited_.dir, group, problems_);
  read_group_policy_of(group, own);
  read_needs(id, own);
  const auto combinations = read_matrix(own[Key::matrix], budget_, problems_);
  check_matrix_key(keys, problems_);
  const KeySet each = keys.only(keys.present().without(of_group));
  add_combinations(id, name, map, each, combinations, scope);
}

void Interpreter::add_combinations(TaskId id, std::string_view name, const Node& map,
                                   const KeySet& keys, const std::vector<Combination>& combinations,
                                   const Scope& outer_scope) {
  std::size_t bytes = sizeof(Task) + sizeof(Policy);
  for (const Node* node = &map; node != map.next(); ++node) bytes += node->text.size();
  if (!budget_.spend(combinations.size() * bytes)) {
    return problems_.add(draft_.names[id].offset, std::string(kBudgetExceeded));
  }
  bool all_excluded = !combinations.empty();
  for (const Combination& combination : combinations) {
    const TaskId child = add_task(id, combination.name, {draft_.names[id].offset});
    draft_.whole_names.emplace(child, combination.values_text);
    Scope scope(&outer_scope, &combination);
    read_single(child, name, map, keys, scope);
    all_excluded &= scope.is_excluded();
  }
  if (all_excluded) draft_.tasks[id].excluded = draft_.tasks.back().excluded;
}

void Interpreter::read_single(TaskId id, std::string_view name, const Node& map, KeySet keys,
                              Scope& scope) {
  const bool adds_nothing = (keys.present() & kTaskPolicyKeys).empty();
  const bool shares = adds_nothing && default_policy_;
  Task& task = draft_.tasks[id];
  environments_.read(keys, scope, task, draft_.names[id].offset);
  read_condition_of(task, keys, scope);
  expander_.expand(keys, keys.present().without(kNotExpanded), scope);
  add_defaults(id, keys, shares, scope);
  rename(id, keys);
  read_settings(keys, inherited_.dir, task, problems_);
  if (!is_standalone_) read_needs(id, keys);
  if (shares) {
    task.policy = default_policy_;
    read_run_of(task, name, map, keys);
    return;
  }
  Policy policy = read_task_policy(keys, limits_ ? &*limits_ : nullptr, problems_);
  if (keys[Key::cmds]) {
    policy.then = read_commands_of(task, keys);
  } else {
    read_run_of(task, name, map, keys);
  }
  task.policy = std::make_shared<const Policy>(std::move(policy));
}

// Where a task can share all that the defaults say, it gets no more than their timeout.
void Interpreter::add_defaults(TaskId id, KeySet& keys, bool shares, Scope& scope) {
  if (task_defaults_.present().empty()) return;
  if (!shares && !budget_.spend(task_defaults_bytes_)) {
    return problems_.add(draft_.names[id].offset, std::string(kBudgetExceeded));
  }
  const Keys wanted = kDefaultKeys.without(unsuitable_defaults(keys) | keys.present());
  KeySet theirs = task_defaults_.only(wanted);
  expander_.expand(theirs, wanted, scope);
  keys.fill(theirs, wanted);
}

void Interpreter::read_run_of(Task& task, std::string_view name, const Node& map,
                              const KeySet& keys) {
  if (const Entry run = keys[Key::run]) {
    auto what = read_run(*run.value, run.key->text, problems_);
    if (what) task.run = std::move(*what);
  } else if (!keys[Key::tasks] && !keys.has_unknown()) {
    problems_.add(map.offset,
                  [&] { return quote(name) + " has nothing to do; give it \"run\" or \"tasks\""; });
  }
}

std::vector<Run> Interpreter::read_commands_of(Task& task, const KeySet& keys) {
  const Entry cmds = keys[Key::cmds];
  if (const Entry run = keys[Key::run]) {
    problems_.add(std::max(run.key->offset, cmds.key->offset), [&] {
      return quote(run.key->text) + " and \"cmds\" cannot stand together; a task has one of them";
    });
  }
  auto commands = read_commands(cmds, problems_);
  if (!commands) return {};
  task.run = std::move(commands->front());
  commands->erase(commands->begin());
  return std::move(*commands);
}

void Interpreter::read_condition_of(Task& task, const KeySet& keys, Scope& scope) {
  const Entry entry = keys[Key::if_condition];
  if (!entry) return;
  const auto holds = expander_.evaluate(entry, scope);
  if (!holds || *holds) return;
  if (task.excluded.empty()) task.excluded = "if: " + std::string(entry.value->text);
  scope.exclude();
}

void Interpreter::read_needs(TaskId id, const KeySet& keys) {
  const Entry entry = keys[Key::needs];
  if (!entry) return;
  for (NeedField& need : read_need_fields(entry, problems_)) {
    need.task = id;
    // The text of a replaced expression goes with its scope.
    if (expander_.has_any()) need.name = draft_.kept_names.emplace_back(need.name);
    draft_.needs.push_back(need);
  }
}

}  // namespace

Draft interpret_plan(const Document& document, const Source& source, const ReadOptions& options,
                     ProblemList& problems) {
  const Inherited inherited(options);
  return Interpreter(document, source, inherited, problems)
      .read_plan(document.root(), options.name);
}

Task interpret_task(const Document& document, const Source& source, const Inherited& inherited,
                    ProblemList& problems) {
  return Interpreter(document, source, inherited, problems).read_standalone_task(document.root());
}

}  // namespace errand::task_file
