// SPDX-License-Identifier: Apache-2.0
//
// FailureList: what the summary keeps of failed tasks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "errand/events/events.h"

namespace errand {

// A failed task, with all that the summary prints of it.
struct FailedTask {
  TaskId id = 0;
  TaskState state = TaskState::failed;
  bool is_group = false;
  bool decided = false;  // it is the cause of the run's failure
  std::string name;
  std::string what;        // "exit 2"
  std::string heading;     // "test: failed: exit 2 in 3.1s"
  std::string command;     // in one line; empty for a group
  std::string last_lines;  // of its output
  std::string log, rerun;  // a path and a command; empty if there is none
};

// Keeps failed tasks in the order in which they are added. Bounded however many there are: tasks
// whose failures and last lines are equal are folded, and only the first ones keep their details.
class FailureList {
 public:
  static constexpr std::size_t kDistinctMax = 20;  // failures with their details
  static constexpr std::size_t kSameMax = 20;      // tasks named for each as having failed equally
  static constexpr std::size_t kNamesMax = 1000;   // tasks with their names

  // A task that failed exactly as another one.
  struct Same {
    std::string name, log;
  };
  struct Distinct {
    FailedTask task;
    std::vector<Same> same;      // the first kSameMax
    std::size_t same_count = 0;  // all of them
    std::uint64_t number = 0;    // of its place in the order of adding, over all lists of a run
  };

  // Returns true if `task` will be shown with its details: heading, command and rerun.
  bool needs_details(const FailedTask& task) const;
  // `number` grows from task to task of a run.
  void add(FailedTask task, std::uint64_t number);
  // Adds what another list of the same run has.
  void merge(FailureList other);

  bool empty() const { return count_ == 0; }
  // All tasks that were added.
  std::size_t count() const { return count_; }
  // Those that are not groups, by their state.
  std::size_t count(TaskState state) const { return states_[static_cast<std::size_t>(state)]; }
  // The first kDistinctMax in the order of adding, but the one that decided before all others.
  const std::vector<Distinct>& distinct() const { return distinct_; }
  // Tasks that are in no entry of distinct().
  std::size_t undescribed() const { return undescribed_; }
  // "NAME: WHAT" of the first kNamesMax in file order.
  const std::map<TaskId, std::string>& names() const { return names_; }

 private:
  void add(Distinct failures);
  void sort();

  std::vector<Distinct> distinct_;
  std::map<TaskId, std::string> names_;
  std::array<std::size_t, 5> states_{};
  std::size_t count_ = 0;
  std::size_t undescribed_ = 0;
};

}  // namespace errand
