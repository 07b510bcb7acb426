// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/problem_list.h"

#include <algorithm>

namespace errand::task_file {

bool ProblemList::keeps(Offset offset) const {
  return kept_.size() < kProblemsMax || offset < kept_.front().offset;
}

void ProblemList::add(Offset offset, std::string what) {
  if (!keeps(offset)) {
    ++left_out_;
    return;
  }
  // A mistake below an anchor is met once for each alias, one in a matrix for each combination.
  if (std::ranges::any_of(kept_, [&](const KeptProblem& kept) {
        return kept.offset == offset && kept.what == what;
      })) {
    return;
  }
  kept_.push_back({offset, added_++, std::move(what)});
  std::push_heap(kept_.begin(), kept_.end());
  if (kept_.size() <= kProblemsMax) return;
  std::pop_heap(kept_.begin(), kept_.end());
  kept_.pop_back();
  ++left_out_;
}

std::string ProblemList::line_of(Offset offset) const {
  return "line " + std::to_string(source_.position(offset).line);
}

Problems ProblemList::take() {
  std::sort_heap(kept_.begin(), kept_.end());
  Problems problems;
  for (KeptProblem& kept : kept_) {
    problems.push_back({source_.position(kept.offset), std::move(kept.what)});
  }
  if (left_out_ > 0)
    problems.push_back({{}, "and " + std::to_string(left_out_) + " more problems"});
  kept_.clear();
  left_out_ = 0;
  return problems;
}

}  // namespace errand::task_file
