// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/check/cycle.h"

#include <algorithm>
#include <unordered_map>

#include "errand/base/quoted_text.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kStepsShown = 1000;  // of a cycle; half of them from either end

// Each task is four vertices: its start, its end, the end of those of its children that have
// `when: on_success`, and of those of them that are no services. A vertex waits for others:
//   a start for its group's start, for the ends of its needs (or the starts, as its conditions
//   say), and where it is late for those in its group that are not,
//   an end for its own start, for the ends of its children, and that of a service for the ends of
//   those that need it or, where there are none, of the work beside it.
struct Vertex {
  enum class Kind : std::uint8_t { start, end, on_success_ended, non_services_ended };
  TaskId task = 0;
  Kind kind = Kind::start;
  bool operator==(const Vertex&) const = default;
};

bool waits_for_end(Condition condition) {
  return condition == Condition::success || condition == Condition::done;
}

// Depth first along "waits for", on a stack of its own: chains are as long as the file.
class CycleSearch {
 public:
  CycleSearch(std::span<const Task> tasks, const std::vector<bool>& late, std::size_t count_max)
      : tasks_(tasks), late_(late), count_max_(count_max), states_(tasks.size() * 4, State::fresh) {
    for (const Task& task : tasks_) {
      for (const Need& need : task.needs) {
        if (tasks_[need.task].policy->service) served_[need.task].push_back(task.id);
      }
    }
  }

  std::vector<Cycle> run() {
    for (const Task& task : tasks_) {
      search_from({task.id, Kind::end});
      if (cycles_.size() >= count_max_) break;
    }
    return std::move(cycles_);
  }

 private:
  using Kind = Vertex::Kind;
  enum class State : std::uint8_t { fresh, on_path, finished };
  struct Visit {
    Vertex vertex;
    std::size_t next = 0;  // of what the vertex waits for
  };

  State& state(Vertex vertex) {
    return states_[vertex.task * 4 + static_cast<std::size_t>(vertex.kind)];
  }

  std::optional<Vertex> next_of(Visit& visit) const {
    const Task& task = tasks_[visit.vertex.task];
    switch (visit.vertex.kind) {
      case Kind::start:
        return before_start(task, visit.next++);
      case Kind::end:
        return before_end(task, visit.next++);
      case Kind::on_success_ended:
      case Kind::non_services_ended:
        break;
    }
    const bool all = visit.vertex.kind == Kind::on_success_ended;
    while (visit.next < task.children.size()) {
      const Task& child = tasks_[task.children[visit.next++]];
      if (child.policy->when != When::on_success) continue;
      if (all || !child.policy->service) return Vertex{child.id, Kind::end};
    }
    return {};
  }

  std::optional<Vertex> before_start(const Task& task, std::size_t which) const {
    if (which < task.needs.size()) {
      const Need& need = task.needs[which];
      return Vertex{need.task, waits_for_end(need.condition) ? Kind::end : Kind::start};
    }
    if (task.parent == task.id) return {};  // the run itself
    if (which == task.needs.size()) return Vertex{task.parent, Kind::start};
    const bool last = which == task.needs.size() + 1;
    return last && late_[task.id] ? std::optional(Vertex{task.parent, Kind::on_success_ended})
                                  : std::nullopt;
  }

  std::optional<Vertex> before_end(const Task& task, std::size_t which) const {
    if (which < task.children.size()) return Vertex{task.children[which], Kind::end};
    which -= task.children.size();
    if (which == 0) return Vertex{task.id, Kind::start};
    if (!task.policy->service) return {};
    const auto served = served_.find(task.id);
    if (served == served_.end()) {
      return which == 1 ? std::optional(Vertex{task.parent, Kind::non_services_ended})
                        : std::nullopt;
    }
    if (which > served->second.size()) return {};
    return Vertex{served->second[which - 1], Kind::end};
  }

  void enter(Vertex vertex) {
    state(vertex) = State::on_path;
    path_.push_back({vertex});
  }

  void search_from(Vertex begin) {
    if (state(begin) != State::fresh) return;
    enter(begin);
    while (!path_.empty() && cycles_.size() < count_max_) {
      Visit& visit = path_.back();
      const auto next = next_of(visit);
      if (!next) {
        state(visit.vertex) = State::finished;
        path_.pop_back();
      } else if (state(*next) == State::on_path) {
        add_cycle(*next);
      } else if (state(*next) == State::fresh) {
        enter(*next);
      }
    }
  }

  void add_cycle(Vertex first) {
    auto from = path_.end();
    while ((--from)->vertex != first) {
    }
    Cycle cycle;
    for (auto at = from; at != path_.end(); ++at) {
      // Its step is that of the task before it, which runs after what comes.
      if (at->vertex.kind == Kind::on_success_ended || at->vertex.kind == Kind::non_services_ended)
        continue;
      const Vertex next = at + 1 == path_.end() ? first : (at + 1)->vertex;
      if (next.task != at->vertex.task)
        cycle.push_back({at->vertex.task, relation(at->vertex, next)});
    }
    begin_with_first_need(cycle);
    cycles_.push_back(std::move(cycle));
  }

  Relation relation(Vertex from, Vertex to) const {
    const bool is_parent = tasks_[from.task].parent == to.task;
    if (to.kind == Kind::non_services_ended) return Relation::serves;
    if (from.kind == Kind::end) {
      return tasks_[to.task].parent == from.task ? Relation::has : Relation::serves;
    }
    if (to.kind == Kind::on_success_ended) return Relation::runs_after;
    return is_parent && to.kind == Kind::start ? Relation::is_in : Relation::needs;
  }

  static void begin_with_first_need(Cycle& cycle) {
    auto first = cycle.end();
    for (auto at = cycle.begin(); at != cycle.end(); ++at) {
      const bool earlier = first == cycle.end() || at->task < first->task;
      if (at->relation == Relation::needs && earlier) first = at;
    }
    if (first != cycle.end()) std::rotate(cycle.begin(), first, cycle.end());
  }

  std::span<const Task> tasks_;
  const std::vector<bool>& late_;
  std::size_t count_max_;
  std::unordered_map<TaskId, std::vector<TaskId>> served_;  // who needs a service
  std::vector<State> states_;
  std::vector<Visit> path_;
  std::vector<Cycle> cycles_;
};

std::string_view verb(Relation relation) {
  switch (relation) {
    case Relation::needs:
      return "needs ";
    case Relation::has:
      return "has ";
    case Relation::is_in:
      return "is in ";
    case Relation::serves:
      return "runs as long as ";
    case Relation::runs_after:
      return "runs after ";
  }
  return "";
}

}  // namespace

std::vector<Cycle> find_cycles(std::span<const Task> tasks, const std::vector<bool>& late,
                               std::size_t count_max) {
  return CycleSearch(tasks, late, count_max).run();
}

std::string describe(const Cycle& cycle, std::span<const Task> tasks) {
  std::string text = escape(tasks[cycle.front().task].full_name);
  Relation before = Relation::needs;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const Relation relation = cycle[i].relation;
    const CycleStep& next = cycle[(i + 1) % cycle.size()];
    if (cycle.size() > kStepsShown && i == kStepsShown / 2) {
      const std::size_t left_out = cycle.size() - kStepsShown;
      text += " ... (" + std::to_string(left_out) + " more) ...";
      i += left_out - 1;
      continue;
    }
    // A group in a group in a group: the innermost says it all.
    const bool nests = relation == Relation::has || relation == Relation::is_in;
    if (nests && next.relation == relation) continue;
    const bool plain = relation == Relation::needs && before == Relation::needs;
    text += plain ? " " : ", which ";
    text += verb(relation);
    text += escape(tasks[next.task].full_name);
    before = relation;
  }
  return text;
}

}  // namespace errand::task_file
