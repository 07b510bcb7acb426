// SPDX-License-Identifier: Apache-2.0
//
// Reads the values that have a shape of their own: retry, hedge, ready and the like. As in
// values.h, what is wrong becomes a problem at its place, and nothing is returned then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr int kHedgeAttemptsMax = 100;

std::optional<AllowFailure> read_allow_failure(const Entry& entry, ProblemList& problems);
std::optional<RetryRule> read_retry(const Entry& entry, ProblemList& problems);
std::optional<HedgeRule> read_hedge(const Entry& entry, ProblemList& problems);
std::optional<BreakerRule> read_breaker(const Entry& entry, ProblemList& problems);
std::optional<ReadyRule> read_ready(const Entry& entry, ProblemList& problems);
std::optional<When> read_when(const Entry& entry, ProblemList& problems);
std::optional<Condition> read_condition(const Entry& entry, ProblemList& problems);
// Nothing inside: "never".
std::optional<std::optional<Duration>> read_slow_after(const Entry& entry, ProblemList& problems);
// Never empty.
std::optional<std::vector<Run>> read_commands(const Entry& entry, ProblemList& problems);
std::optional<Input> read_input(const Entry& entry, ProblemList& problems);
std::optional<std::vector<ResourceLimit>> read_resource_limits(const Entry& entry,
                                                               ProblemList& problems);
// In file order.
std::vector<Limit> read_limits(const Entry& entry, ProblemList& problems);

// A lock as the file has it.
struct NamedLock {
  const Node* place = nullptr;  // of the name
  unsigned count = 1;
};
std::vector<NamedLock> read_locks(const Entry& entry, ProblemList& problems);
// For tasks of a stream, each name being a limit of its own with a count of 1: sorted. Names given
// twice and larger counts become problems.
std::vector<std::string> names_of(std::vector<NamedLock> locks, ProblemList& problems);

// The limits of a file, by name.
class Limits {
 public:
  explicit Limits(std::vector<Limit> limits);
  // The locks by what they lock, sorted. Unknown names, names given twice and more than there is
  // become problems.
  std::vector<Lock> resolve(std::vector<NamedLock> locks, ProblemList& problems) const;
  const std::vector<Limit>& all() const { return limits_; }

 private:
  std::optional<Lock> resolve(const NamedLock& lock, ProblemList& problems) const;

  std::vector<Limit> limits_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
};

}  // namespace errand::task_file
