// SPDX-License-Identifier: Apache-2.0
#include "simulation/plan_tree.h"

#include <rapidcheck/seq/Create.h>
#include <rapidcheck/shrinkable/Create.h>

#include <algorithm>
#include <map>
#include <utility>

#include "simulation/draw.h"

namespace errand::simulation {
namespace {

constexpr unsigned kDepthMax = 3;
constexpr unsigned kTasksMax = 20;

// ---- random plans

class Planner {
 public:
  explicit Planner(const rc::Random& random) : draw_(random) {}

  PlanSpec plan() {
    PlanSpec spec;
    spec.root = group(0);
    spec.signal_at = draw_.maybe_ticks(25, 0, 8);
    if (spec.signal_at) spec.second_signal_after = draw_.maybe_ticks(40, 0, 3);
    return spec;
  }

 private:
  PlanNode group(unsigned depth) {
    PlanNode node = any_task(depth);
    node.is_group = true;
    if (draw_.chance(50)) node.mode = Mode::aggregate;
    if (draw_.chance(depth == 0 ? 80 : 50)) node.jobs = static_cast<unsigned>(draw_.between(1, 4));
    if (draw_.chance(20)) node.timeout = draw_.ticks(1, 8);
    node.reversed = draw_.chance(30);
    const std::size_t most = depth == 0 ? 8 : 4;
    for (std::size_t i = draw_.below(most + 1); i > 0 && next_number_ < kTasksMax; --i) {
      const bool nested = depth < kDepthMax && draw_.chance(30);
      node.children.push_back(nested ? group(depth + 1) : task(depth + 1));
    }
    path_.pop_back();
    return node;
  }

  PlanNode task(unsigned depth) {
    PlanNode node = any_task(depth);
    if (draw_.chance(8)) node.course = draw_.one_of({Course::not_found, Course::throws});
    node.takes = draw_.ticks(0, 5);
    if (draw_.chance(20)) node.exit_code = static_cast<int>(draw_.between(1, 9));
    if (draw_.chance(15)) node.timeout = draw_.ticks(1, 5);
    node.stops_in = draw_.ticks(0, 3);
    node.ignores_stop = draw_.chance(15);
    node.exits_cleanly = draw_.chance(20);
    node.grace = draw_.ticks(0, 5);
    path_.pop_back();
    return node;
  }

  // Whatever came before and is not around this one may be needed: all that is in it came before
  // too.
  PlanNode any_task(unsigned depth) {
    PlanNode node;
    node.number = next_number_++;
    path_.push_back(node.number);
    for (std::size_t i = depth > 0 && draw_.chance(35) ? draw_.between(1, 3) : 0; i > 0; --i) {
      const auto need = static_cast<unsigned>(draw_.below(node.number));
      if (std::ranges::find(path_, need) == path_.end()) node.needs.push_back(need);
    }
    return node;
  }

  Draw draw_;
  unsigned next_number_ = 0;
  std::vector<unsigned> path_;  // the groups around
};

// ---- smaller plans

template <class Spec, class T>
void simplify(std::vector<Spec>& smaller, const Spec& spec, T Spec::* field) {
  const T plain = Spec().*field;
  if (spec.*field == plain) return;
  smaller.push_back(spec);
  smaller.back().*field = plain;
}

template <class Spec, class... Fields>
void simplify_all(std::vector<Spec>& smaller, const Spec& spec, Fields... fields) {
  (simplify(smaller, spec, fields), ...);
}

std::vector<PlanNode> smaller_nodes(const PlanNode& node) {
  std::vector<PlanNode> smaller;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    smaller.push_back(node);
    smaller.back().children.erase(smaller.back().children.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (std::size_t i = 0; i < node.needs.size(); ++i) {
    smaller.push_back(node);
    smaller.back().needs.erase(smaller.back().needs.begin() + static_cast<std::ptrdiff_t>(i));
  }
  simplify_all(smaller, node, &PlanNode::timeout, &PlanNode::course, &PlanNode::takes,
               &PlanNode::exit_code, &PlanNode::stops_in, &PlanNode::ignores_stop,
               &PlanNode::exits_cleanly, &PlanNode::grace, &PlanNode::mode, &PlanNode::jobs,
               &PlanNode::reversed);
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    for (PlanNode& child : smaller_nodes(node.children[i])) {
      smaller.push_back(node);
      smaller.back().children[i] = std::move(child);
    }
  }
  return smaller;
}

std::vector<PlanSpec> smaller_plans(const PlanSpec& spec) {
  std::vector<PlanSpec> smaller;
  simplify_all(smaller, spec, &PlanSpec::signal_at, &PlanSpec::second_signal_after);
  for (PlanNode& root : smaller_nodes(spec.root)) {
    smaller.push_back(spec);
    smaller.back().root = std::move(root);
  }
  return smaller;
}

// ---- the plan

class Builder {
 public:
  std::vector<Task> tasks;
  std::vector<const PlanNode*> nodes;
  std::map<unsigned, TaskId> ids;

  TaskId add(const PlanNode& node, TaskId parent) {
    const auto id = static_cast<TaskId>(tasks.size());
    ids[node.number] = id;
    nodes.push_back(&node);
    Task& task = tasks.emplace_back();
    task.id = id;
    task.parent = parent;
    if (id > 0) task.name = (node.is_group ? "g" : "t") + std::to_string(node.number);
    const std::string& around = tasks[parent].full_name;
    task.full_name = around.empty() ? task.name : around + "/" + task.name;
    task.is_group = node.is_group;
    task.timeout = node.timeout;
    task.grace = node.grace;
    task.mode = node.mode;
    if (!node.is_group) task.run = Argv{"true"};
    if (node.jobs > 0) task.jobs = Jobs{Jobs::Kind::count, node.jobs};
    std::vector<TaskId> children;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const std::size_t at = node.reversed ? node.children.size() - 1 - i : i;
      children.push_back(add(node.children[at], id));
    }
    tasks[id].children = std::move(children);
    return id;
  }

  void add_needs() {
    for (Task& task : tasks) {
      for (const unsigned number : nodes[task.id]->needs) {
        if (const auto found = ids.find(number); found != ids.end()) {
          task.needs.push_back({found->second});
        }
      }
      std::ranges::sort(task.needs);
      const auto repeats = std::ranges::unique(task.needs);
      task.needs.erase(repeats.begin(), repeats.end());
    }
  }
};

// ---- text

void add_text(std::string& text, std::string_view what, const Duration& time) {
  if (time > Duration::zero()) text.append(", ").append(what).append(" ") += format_duration(time);
}

void add_flag(std::string& text, std::string_view what, bool is) {
  if (is) text.append(", ").append(what);
}

std::string line(const Plan& plan, const Task& task, const PlanNode& node) {
  std::string text = task.full_name.empty() ? "the run" : task.full_name;
  text += ":";
  for (const Need& need : task.needs) text += " needs " + plan.task(need.task).full_name;
  if (node.is_group) {
    text.append(" ").append(to_string(node.mode));
    if (node.jobs > 0) text += ", jobs " + std::to_string(node.jobs);
  } else {
    text += " takes " + format_duration(node.takes) + ", exit " + std::to_string(node.exit_code);
    add_flag(text, "not found", node.course == Course::not_found);
    add_flag(text, "throws", node.course == Course::throws);
    add_text(text, "stops in", node.stops_in);
    add_flag(text, "ignores the stop", node.ignores_stop);
    add_flag(text, "exits 0 when stopped", node.exits_cleanly);
    add_text(text, "grace", node.grace);
  }
  add_text(text, "timeout", node.timeout.value_or(Duration::zero()));
  return text;
}

}  // namespace

rc::Gen<PlanSpec> plan_trees() {
  return [](const rc::Random& random, int) {
    return rc::shrinkable::shrinkRecur(Planner(random).plan(), [](const PlanSpec& spec) {
      return rc::seq::fromContainer(smaller_plans(spec));
    });
  };
}

BuiltPlan build_plan(const PlanSpec& spec) {
  Builder builder;
  builder.add(spec.root, 0);
  builder.add_needs();
  return {Plan(std::move(builder.tasks)), std::move(builder.nodes)};
}

std::string describe(const PlanSpec& spec) {
  const BuiltPlan built = build_plan(spec);
  std::string text = "plan:\n";
  for (const Task& task : built.plan->tasks()) {
    text += "  " + line(*built.plan, task, *built.nodes[task.id]) + "\n";
  }
  if (spec.signal_at) text += "  a signal at " + format_duration(*spec.signal_at) + "\n";
  if (spec.second_signal_after) {
    text += "  another after " + format_duration(*spec.second_signal_after) + "\n";
  }
  return text;
}

}  // namespace errand::simulation
