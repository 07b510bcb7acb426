// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>
#include <utility>

#include "errand/events/events.h"

namespace errand {

// The failures of a run by the group that they are in, for readers that report each failure once.
// A group that fails repeats a failure inside of it, unless its own time was up. What failed in a
// group that succeeds all the same, as the losers of a race do, is no failure of the run.
//
// `Kept` is what the reader keeps of the failures in one group: empty when made by default, with
// `bool empty() const` and `void merge(Kept later)`. Memory: a Kept for each open group that has
// failures.
template <class Kept>
class RootFailures {
 public:
  // What the end of a group means.
  struct GroupEnd {
    bool is_news = false;  // the group has failed by itself
    Kept dropped = {};     // failures inside that are none of the run
  };

  // Must be called at the start of the run. `plan` is null if tasks arrive as a stream, which is
  // one group; otherwise it lives until the run has ended.
  void begin(const Plan* plan) { plan_ = plan; }
  // What is kept of the failures in the group around `task`, to add its failure. Valid until the
  // next call.
  Kept& around(const Task& task) { return of(task.parent); }
  // Must be called when a group has ended. Unless the group succeeded, or its failure is allowed,
  // what is kept of it moves to the group around it.
  GroupEnd end_group(const TaskEnded& group) {
    const auto found = plan_ ? kept_.extract(group.task->id) : typename Map::node_type();
    Kept inside = found ? std::move(found.mapped()) : Kept();
    if (group.state == TaskState::succeeded || group.allowed) return {false, std::move(inside)};
    const bool by_itself =
        group.state == TaskState::timed_out || (group.state == TaskState::failed && inside.empty());
    if (!inside.empty()) around(*group.task).merge(std::move(inside));
    return {by_itself, {}};
  }
  // Must be called when the run has ended: what is kept of its failures. If the run succeeded they
  // are in `dropped`.
  Kept end_run(const RunEnded& run, Kept& dropped) {
    Kept all = std::exchange(of(0), Kept());
    for (auto& [group, kept] : kept_) all.merge(std::move(kept));  // of a log without an end
    kept_.clear();
    if (run.state != TaskState::succeeded) return all;
    dropped = std::move(all);
    return {};
  }

 private:
  using Map = std::unordered_map<TaskId, Kept>;
  Kept& of(TaskId group) { return kept_[plan_ ? group : 0]; }

  const Plan* plan_ = nullptr;
  Map kept_;  // by group; 0 is the run
};

}  // namespace errand
