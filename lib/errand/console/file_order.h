// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is to be shown when blocks come in file order, whatever order tasks end in.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "errand/console/block.h"
#include "errand/plan/plan.h"

namespace errand {

// A task that waits for its turn takes a few hundred bytes, beside what its SpillBuffers keep in
// memory.
class FileOrder {
 public:
  // All tasks of `plan`, without groups.
  void begin(const Plan& plan);
  // One more, after those that are known.
  void add(TaskId task) { order_.push_back(task); }

  // The first one that has not been shown.
  std::optional<TaskId> next() const;
  bool is_next(TaskId task) const { return next() == task; }
  // It has ended before its turn.
  void keep(TaskId task, EndedBlock block) { ended_.emplace(task, std::move(block)); }
  // The next one has been shown, or has nothing to show.
  void advance() { order_.pop_front(); }
  // The block of the next one, if it has been kept.
  std::optional<EndedBlock> take();

 private:
  std::deque<TaskId> order_;
  std::map<TaskId, EndedBlock> ended_;
};

}  // namespace errand
