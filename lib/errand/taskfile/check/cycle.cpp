// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/check/cycle.h"

#include <algorithm>
#include <unordered_map>

#include "errand/base/quoted_text.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kStepsShown = 1000;  // of a cycle; half of them from either end

// Each task is six vertices: its start, its end, when it is ready (a group with services), the end
// of those of its children that have `when: on_success`, of those of them that are work, and of
// what needs it or a group around it. A vertex waits for others:
//   a start for its group's start, for the ends of its needs (or the starts, as its conditions
//   say; a group with services is to be ready), and where it is late for those in its group that
//   are not,
//   a group is ready when its services have started and its tasks have ended,
//   an end for its own start, for the ends of its children, and that of a service for the ends of
//   those that need it or its groups and, where nothing needs it itself, of the work beside it.
struct Vertex {
  enum class Kind : std::uint8_t { start, end, ready, on_success_ended, work_ended, users_ended };
  TaskId task = 0;
  Kind kind = Kind::start;
  bool operator==(const Vertex&) const = default;
};

constexpr std::size_t kKinds = 6;

// Does it stand for several tasks, and is no step of a cycle itself?
bool is_sum(Vertex::Kind kind) {
  return kind == Vertex::Kind::on_success_ended || kind == Vertex::Kind::work_ended ||
         kind == Vertex::Kind::users_ended;
}

// Depth first along "waits for", on a stack of its own: chains are as long as the file.
class CycleSearch {
 public:
  CycleSearch(std::span<const Task> tasks, const std::vector<bool>& late, std::size_t count_max)
      : tasks_(tasks),
        late_(late),
        count_max_(count_max),
        states_(tasks.size() * kKinds, State::fresh),
        has_services_(tasks.size()),
        has_work_(tasks.size()) {
    // Children have larger ids than their group.
    for (std::size_t i = tasks_.size(); i-- > 1;) {
      const Task& task = tasks_[i];
      if (task.policy->when != When::on_success) continue;
      if (task.policy->service || has_services_[i]) has_services_[task.parent] = true;
      if (is_work(task)) has_work_[task.parent] = true;
    }
    for (const Task& task : tasks_) {
      for (const Need& need : task.needs) {
        const bool keeps = tasks_[need.task].policy->service ||
                           (has_services_[need.task] && need.condition != Condition::done);
        if (keeps) users_[need.task].push_back(task.id);
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
    return states_[vertex.task * kKinds + static_cast<std::size_t>(vertex.kind)];
  }

  // Is it what services that nothing needs run beside? A group of services alone is not.
  bool is_work(const Task& task) const {
    return !task.policy->service && (!has_services_[task.id] || has_work_[task.id]);
  }
  bool has_users(TaskId id) const { return users_.contains(id); }

  std::optional<Vertex> next_of(Visit& visit) const {
    const Task& task = tasks_[visit.vertex.task];
    switch (visit.vertex.kind) {
      case Kind::start:
        return before_start(task, visit.next++);
      case Kind::end:
        return before_end(task, visit.next++);
      case Kind::users_ended:
        return before_users_ended(task, visit.next++);
      case Kind::ready:
      case Kind::on_success_ended:
      case Kind::work_ended:
        break;
    }
    while (visit.next < task.children.size()) {
      const Task& child = tasks_[task.children[visit.next++]];
      if (child.policy->when != When::on_success) continue;
      if (visit.vertex.kind == Kind::ready) return when_ready(child);
      if (visit.vertex.kind == Kind::on_success_ended || is_work(child))
        return Vertex{child.id, Kind::end};
    }
    if (visit.next++ > task.children.size()) return {};
    if (visit.vertex.kind == Kind::ready) return Vertex{task.id, Kind::start};
    const bool goes_on = visit.vertex.kind == Kind::work_ended && task.parent != task.id &&
                         task.policy->when == When::on_success && !is_work(task) &&
                         !has_users(task.id);
    return goes_on ? std::optional(Vertex{task.parent, Kind::work_ended}) : std::nullopt;
  }

  Vertex when_ready(const Task& task) const {
    if (task.policy->service) return {task.id, Kind::start};
    return {task.id, has_services_[task.id] ? Kind::ready : Kind::end};
  }

  Vertex needed_by(const Need& need) const {
    const Task& needed = tasks_[need.task];
    if (need.condition == Condition::done) return {needed.id, Kind::end};
    if (needed.is_group) return when_ready(needed);
    const bool waits_for_end = need.condition == Condition::success;
    return {needed.id, waits_for_end ? Kind::end : Kind::start};
  }

  std::optional<Vertex> before_start(const Task& task, std::size_t which) const {
    if (which < task.needs.size()) {
      return needed_by(task.needs[which]);
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
    if (which == 1) return Vertex{task.parent, Kind::users_ended};
    const auto users = users_.find(task.id);
    if (users == users_.end()) {
      return which == 2 ? std::optional(Vertex{task.parent, Kind::work_ended}) : std::nullopt;
    }
    if (which - 1 > users->second.size()) return {};
    return Vertex{users->second[which - 2], Kind::end};
  }

  std::optional<Vertex> before_users_ended(const Task& group, std::size_t which) const {
    const auto users = users_.find(group.id);
    const std::size_t count = users == users_.end() ? 0 : users->second.size();
    if (which < count) return Vertex{users->second[which], Kind::end};
    // Nothing outside waits for what runs last in a group to be ready.
    const bool goes_on = group.parent != group.id && group.policy->when == When::on_success;
    return which == count && goes_on ? std::optional(Vertex{group.parent, Kind::users_ended})
                                     : std::nullopt;
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
      if (is_sum(at->vertex.kind)) continue;
      const Vertex next = at + 1 == path_.end() ? first : (at + 1)->vertex;
      if (next.task != at->vertex.task)
        cycle.push_back({at->vertex.task, relation(at->vertex, next)});
    }
    begin_with_first_need(cycle);
    cycles_.push_back(std::move(cycle));
  }

  Relation relation(Vertex from, Vertex to) const {
    const bool is_parent = tasks_[from.task].parent == to.task;
    if (to.kind == Kind::work_ended || to.kind == Kind::users_ended) return Relation::serves;
    if (from.kind == Kind::end || from.kind == Kind::ready) {
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
  std::vector<State> states_;
  // Of groups: a service is in it, or in a group in it; it has work.
  std::vector<bool> has_services_, has_work_;
  // What needs a service, or needs a group with services ready.
  std::unordered_map<TaskId, std::vector<TaskId>> users_;
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
