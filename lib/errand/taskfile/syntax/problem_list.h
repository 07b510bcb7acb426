// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "errand/taskfile/syntax/problem.h"
#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

// Collects what is wrong in one source. Holds the kProblemsMax that stand first in it and counts
// the others, so that a file of nothing but mistakes costs no more memory than one with a few.
class ProblemList {
 public:
  explicit ProblemList(const Source& source) : source_(source) {}

  void add(Offset offset, std::string what);
  // Calls `what` for the text only if the problem will be held.
  template <std::invocable Text>
  void add(Offset offset, Text what) {
    if (keeps(offset)) {
      add(offset, std::string(what()));
    } else {
      ++left_out_;
    }
  }

  bool empty() const { return kept_.empty(); }
  // How many there are; what was met again counts once, mostly.
  std::size_t count() const { return kept_.size() + left_out_; }
  // "line 12", for a problem that points to a second place.
  std::string line_of(Offset offset) const;
  // Sorted by position, each once, the count of those left out as the last. The list is empty then.
  Problems take();

 private:
  struct KeptProblem {
    Offset offset;
    std::size_t order;  // of coming, for problems at one place
    std::string what;
    bool operator<(const KeptProblem& other) const {
      return std::pair(offset, order) < std::pair(other.offset, other.order);
    }
  };
  bool keeps(Offset offset) const;

  const Source& source_;
  std::vector<KeptProblem> kept_;  // a heap, the last one on top
  std::size_t added_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace errand::task_file
