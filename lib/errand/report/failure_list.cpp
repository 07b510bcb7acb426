// SPDX-License-Identifier: Apache-2.0
#include "errand/report/failure_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace errand {
namespace {

bool is_same_failure(const FailedTask& a, const FailedTask& b) {
  return a.state == b.state && a.is_group == b.is_group && a.what == b.what &&
         a.last_lines == b.last_lines;
}

}  // namespace

bool FailureList::needs_details(const FailedTask& task) const {
  if (task.decided) return true;
  const auto is_same = [&](const Distinct& known) { return is_same_failure(known.task, task); };
  return distinct_.size() < kDistinctMax && std::ranges::none_of(distinct_, is_same);
}

void FailureList::add(FailedTask task, std::uint64_t number) {
  ++count_;
  if (!task.is_group) ++states_[static_cast<std::size_t>(task.state)];
  if (names_.size() < kNamesMax || task.id < names_.rbegin()->first) {
    names_.emplace(task.id, task.name + ": " + task.what);
    if (names_.size() > kNamesMax) names_.erase(std::prev(names_.end()));
  }
  Distinct failures;
  failures.task = std::move(task);
  failures.number = number;
  add(std::move(failures));
}

void FailureList::merge(FailureList other) {
  count_ += other.count_;
  undescribed_ += other.undescribed_;
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i] += other.states_[i];
  names_.merge(other.names_);
  while (names_.size() > kNamesMax) names_.erase(std::prev(names_.end()));
  for (Distinct& failures : other.distinct_) add(std::move(failures));
}

void FailureList::add(Distinct failures) {
  auto found = std::ranges::find_if(
      distinct_, [&](const Distinct& known) { return is_same_failure(known.task, failures.task); });
  if (found == distinct_.end()) {
    distinct_.push_back(std::move(failures));
  } else {
    // The task that decided is shown for all that failed in the same way; else the first one.
    const bool leads =
        failures.task.decided || (!found->task.decided && failures.number < found->number);
    if (leads) std::swap(*found, failures);
    found->same_count += 1 + failures.same_count;
    found->same.push_back({failures.task.name, failures.task.log});
    std::ranges::move(failures.same, std::back_inserter(found->same));
    if (found->same.size() > kSameMax) found->same.resize(kSameMax);
  }
  sort();
}

void FailureList::sort() {
  std::ranges::sort(distinct_, {}, [](const Distinct& failures) {
    return std::pair(!failures.task.decided, failures.number);
  });
  if (distinct_.size() <= kDistinctMax) return;
  undescribed_ += 1 + distinct_.back().same_count;
  distinct_.pop_back();
}

}  // namespace errand
