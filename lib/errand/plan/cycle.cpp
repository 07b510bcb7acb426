// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/cycle.h"

#include <algorithm>

#include "errand/plan/quote.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kStepsShown = 1000;  // of a cycle; half of them from either end

// Each task is two vertices, its start and its end. A vertex waits for others:
//   a start for its group's start and for the ends of its needs,
//   an end for its own start and for the ends of its children.
struct Vertex {
  TaskId task = 0;
  bool is_end = false;
  bool operator==(const Vertex&) const = default;
};

// Depth first along "waits for", on a stack of its own: chains are as long as the file.
class CycleSearch {
 public:
  CycleSearch(std::span<const Task> tasks, std::size_t count_max)
      : tasks_(tasks), count_max_(count_max), states_(tasks.size() * 2, State::fresh) {}

  std::vector<Cycle> run() {
    for (const Task& task : tasks_) {
      search_from({task.id, true});
      if (cycles_.size() >= count_max_) break;
    }
    return std::move(cycles_);
  }

 private:
  enum class State : std::uint8_t { fresh, on_path, finished };
  struct Visit {
    Vertex vertex;
    std::size_t next = 0;  // of what the vertex waits for
  };

  State& state(Vertex vertex) { return states_[vertex.task * 2 + (vertex.is_end ? 1 : 0)]; }

  std::optional<Vertex> waits_for(Vertex vertex, std::size_t which) const {
    const Task& task = tasks_[vertex.task];
    const std::size_t ends = vertex.is_end ? task.children.size() : task.needs.size();
    if (which == ends) return first_of(vertex, task);
    if (which > ends) return {};
    return Vertex{vertex.is_end ? task.children[which] : task.needs[which].task, true};
  }

  static std::optional<Vertex> first_of(Vertex vertex, const Task& task) {
    if (vertex.is_end) return Vertex{vertex.task, false};
    if (task.parent == task.id) return {};  // the run itself
    return Vertex{task.parent, false};
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
      const auto next = waits_for(visit.vertex, visit.next++);
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
      const Vertex next = at + 1 == path_.end() ? first : (at + 1)->vertex;
      if (next.task != at->vertex.task)
        cycle.push_back({at->vertex.task, relation(at->vertex, next)});
    }
    begin_with_first_need(cycle);
    cycles_.push_back(std::move(cycle));
  }

  static Relation relation(Vertex from, Vertex to) {
    if (from.is_end) return Relation::has;
    return to.is_end ? Relation::needs : Relation::is_in;
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
  std::size_t count_max_;
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
  }
  return "";
}

}  // namespace

std::vector<Cycle> find_cycles(std::span<const Task> tasks, std::size_t count_max) {
  return CycleSearch(tasks, count_max).run();
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
    if (relation != Relation::needs && next.relation == relation) continue;
    const bool plain = relation == Relation::needs && before == Relation::needs;
    text += plain ? " " : ", which ";
    text += verb(relation);
    text += escape(tasks[next.task].full_name);
    before = relation;
  }
  return text;
}

}  // namespace errand::task_file
