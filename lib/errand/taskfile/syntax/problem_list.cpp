// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/problem_list.h"

#include <algorithm>

namespace errand::task_file {

bool ProblemList::holds(Offset offset) const {
  return held_.size() < kProblemsMax || offset < held_.front().offset;
}

void ProblemList::add(Offset offset, std::string what) {
  if (!holds(offset)) {
    ++left_out_;
    return;
  }
  // A mistake below an anchor is met once for each alias, one in a matrix for each combination.
  if (std::ranges::any_of(
          held_, [&](const Held& held) { return held.offset == offset && held.what == what; })) {
    return;
  }
  held_.push_back({offset, added_++, std::move(what)});
  std::push_heap(held_.begin(), held_.end());
  if (held_.size() <= kProblemsMax) return;
  std::pop_heap(held_.begin(), held_.end());
  held_.pop_back();
  ++left_out_;
}

std::string ProblemList::line_of(Offset offset) const {
  return "line " + std::to_string(source_.position(offset).line);
}

Problems ProblemList::take() {
  std::sort_heap(held_.begin(), held_.end());
  Problems problems;
  for (Held& held : held_) {
    problems.push_back({source_.position(held.offset), std::move(held.what)});
  }
  if (left_out_ > 0)
    problems.push_back({{}, "and " + std::to_string(left_out_) + " more problems"});
  held_.clear();
  left_out_ = 0;
  return problems;
}

}  // namespace errand::task_file
