// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/check/needs.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/taskfile/check/conditions.h"
#include "errand/taskfile/check/cycle.h"

namespace errand::task_file {
namespace {

// How many names are compared, in one plan, to suggest the one that was meant. Plans beyond this
// size have fewer suggestions rather than a long wait.
constexpr std::size_t kComparisonsMax = 200'000;

struct PlacedNeed {
  TaskId task = 0;
  TaskId needed = 0;
  Condition condition = Condition::success;
  Offset offset = 0;
  Offset condition_offset = 0;
};

class NeedResolver {
 public:
  NeedResolver(Draft& draft, ProblemList& problems)
      : draft_(draft), problems_(problems), late_(find_late_tasks(draft)) {}

  void run() {
    index_names();
    for (const NeedField& reference : draft_.needs) resolve(reference);
    place_needs();
    report_cycles();
  }

 private:
  Task& task(TaskId id) { return draft_.tasks[id]; }
  const Task& task(TaskId id) const { return draft_.tasks[id]; }

  void index_names();
  void report_duplicate(TaskId first, TaskId again);
  std::optional<TaskId> find(const NeedField& reference) const;
  void resolve(const NeedField& reference);
  std::string describe_kinship(TaskId from, TaskId to) const;
  bool is_inside(TaskId inner, TaskId outer) const;
  std::string describe_unknown(const NeedField& reference);
  std::string suggest(const NeedField& reference);
  void add(const NeedField& reference, const Task& needed);
  void place_needs();
  void report_cycles();
  Offset place_of(TaskId from, TaskId to) const;

  Draft& draft_;
  ProblemList& problems_;
  std::vector<bool> late_;
  std::unordered_map<std::string_view, TaskId> by_full_name_;
  std::vector<PlacedNeed> needs_;  // by task; by what it needs too, once placed
  std::size_t comparisons_left_ = kComparisonsMax;
};

void NeedResolver::index_names() {
  by_full_name_.reserve(draft_.tasks.size());
  for (const Task& each : draft_.tasks) {
    if (each.id == 0) continue;
    const auto [first, fresh] = by_full_name_.emplace(each.full_name, each.id);
    if (!fresh) report_duplicate(first->second, each.id);
  }
}

void NeedResolver::report_duplicate(TaskId first, TaskId again) {
  const NamePlace place = draft_.names[again];
  if (place.is_key && draft_.names[first].is_key) return;  // check_document() has said so
  problems_.add(place.offset, [&] {
    return "duplicate name " + quote(task(again).name) + "; the first is on " +
           problems_.line_of(draft_.names[first].offset);
  });
}

std::optional<TaskId> NeedResolver::find(const NeedField& reference) const {
  const std::string& group = task(task(reference.task).parent).full_name;
  if (!group.empty()) {
    const std::string sibling = group + '/' + std::string(reference.name);
    if (const auto found = by_full_name_.find(sibling); found != by_full_name_.end()) {
      return found->second;
    }
  }
  const auto found = by_full_name_.find(reference.name);
  if (found == by_full_name_.end()) return {};
  return found->second;
}

void NeedResolver::resolve(const NeedField& reference) {
  const auto found = find(reference);
  if (!found) {
    problems_.add(reference.offset, [&] { return describe_unknown(reference); });
  } else if (is_inside(*found, reference.task) || is_inside(reference.task, *found)) {
    problems_.add(reference.offset, [&] { return describe_kinship(reference.task, *found); });
  } else {
    add(reference, task(*found));
  }
}

void NeedResolver::add(const NeedField& reference, const Task& needed) {
  const Condition condition = reference.condition.value_or(default_condition(needed));
  std::string wrong = describe_wrong_condition(needed, condition);
  if (!wrong.empty()) return problems_.add(reference.condition_offset, std::move(wrong));
  if (late_[needed.id]) wrong = describe_late_need(draft_.tasks, task(reference.task), needed);
  if (!wrong.empty()) return problems_.add(reference.offset, std::move(wrong));
  needs_.push_back(
      {reference.task, needed.id, condition, reference.offset, reference.condition_offset});
}

// A task is inside itself.
bool NeedResolver::is_inside(TaskId inner, TaskId outer) const {
  while (inner > outer) inner = task(inner).parent;  // parents have the smaller ids
  return inner == outer;
}

std::string NeedResolver::describe_kinship(TaskId from, TaskId to) const {
  const std::string needed = quote(task(to).full_name);
  if (from == to) return "a task cannot need itself";
  if (from < to) return needed + " is inside this group; a group cannot need its own task";
  return needed + " is the group this task is in; a task cannot need its own group";
}

std::string NeedResolver::describe_unknown(const NeedField& reference) {
  const std::string unknown = "unknown task " + quote(reference.name);
  const std::string meant = suggest(reference);
  if (meant.empty()) return unknown + "; name a task beside this one, or any by its full name";
  return unknown + ", did you mean " + quote(meant) + "?";
}

// A task beside this one, else a task elsewhere that has this very name, else a similar full name.
std::string NeedResolver::suggest(const NeedField& reference) {
  const auto spend = [&](std::size_t names) {
    const bool enough = names <= comparisons_left_;
    if (enough) comparisons_left_ -= names;
    return enough;
  };
  const std::vector<TaskId>& siblings = task(task(reference.task).parent).children;
  std::vector<std::string_view> names;
  if (!spend(siblings.size())) return {};
  for (const TaskId id : siblings) {
    if (id != reference.task) names.push_back(task(id).name);
  }
  if (std::string near = nearest(reference.name, names); !near.empty()) return near;
  if (!spend(draft_.tasks.size())) return {};
  names.clear();
  for (const Task& each : draft_.tasks) {
    if (each.id != reference.task) names.push_back(each.full_name);
    if (each.id != 0 && each.name == reference.name) return each.full_name;
  }
  return nearest(reference.name, names);
}

void NeedResolver::place_needs() {
  const auto whose = [](const PlacedNeed& need) { return std::pair(need.task, need.needed); };
  std::ranges::sort(needs_, {}, [](const PlacedNeed& need) {
    return std::tuple(need.task, need.needed, need.offset);
  });
  const PlacedNeed* last = nullptr;
  for (const PlacedNeed& need : needs_) {
    if (!last || whose(*last) != whose(need)) {
      task(need.task).needs.push_back({need.needed, need.condition});
    } else if (last->condition != need.condition) {
      problems_.add(need.condition_offset, [&] {
        return quote(task(need.needed).full_name) + " is needed twice, here as " +
               std::string(to_string(need.condition)) + " and as " +
               std::string(to_string(last->condition)) + " before; keep one of them";
      });
    }
    last = &need;
  }
}

void NeedResolver::report_cycles() {
  for (const Cycle& cycle : find_cycles(draft_.tasks, late_, kProblemsMax)) {
    const TaskId second = cycle.size() == 1 ? cycle.front().task : cycle[1].task;
    problems_.add(place_of(cycle.front().task, second),
                  [&] { return "cycle: " + describe(cycle, draft_.tasks); });
  }
}

Offset NeedResolver::place_of(TaskId from, TaskId to) const {
  const auto [begin, end] = std::ranges::equal_range(needs_, from, {}, &PlacedNeed::task);
  for (auto at = begin; at != end; ++at) {
    if (at->needed == to) return at->offset;
  }
  return draft_.names[from].offset;
}

}  // namespace

void resolve_needs(Draft& draft, ProblemList& problems) { NeedResolver(draft, problems).run(); }

}  // namespace errand::task_file
