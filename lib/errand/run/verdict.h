// SPDX-License-Identifier: Apache-2.0
//
// The modes' rules: from what happened to what it means.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "errand/base/error.h"
#include "errand/concurrency/context.h"
#include "errand/events/events.h"
#include "errand/plan/plan.h"
#include "errand/run/executor.h"

namespace errand {

struct AttemptVerdict {
  TaskState state = TaskState::succeeded;
  Error why;           // without the task's name
  int shell_code = 0;  // what errand exits with when this decides
};
// `limited` is the attempt's own context, with the task's timeout.
AttemptVerdict judge_attempt(const AttemptResult& result, const Policy& policy,
                             const Context& limited);
// Of what was stopped, or never started, because `limited` is done.
AttemptVerdict judge_stopped(const Context& limited);

// Is its exit code, or 128 + its signal, one of these?
bool is_in(const std::vector<int>& codes, const std::optional<ExitStatus>& status);
// Of a failure.
bool allows(const AllowFailure& rule, const std::optional<ExitStatus>& status);

// A TaskFailure, or empty when the verdict is none: canceled and skipped tasks have not failed.
Error failure_of(const Task& task, const AttemptVerdict& verdict);

// What a group's children came to.
struct GroupTally {
  std::array<std::size_t, 5> ended{};  // by TaskState
  std::size_t allowed = 0;             // of those that failed
  std::size_t excluded = 0;            // of those that were skipped
  std::size_t good_work = 0;           // successes and allowed failures, but for services and what
                                       // runs last
  bool won = false;                    // a success has decided for all
  bool cut = false;                    // a stream that was not read to its end
  bool halted = false;                 // its rule says that it is over
  Error halt;                          // that rule, then
  std::size_t failures = 0;            // of children, those that are allowed apart
  Error input;                         // why a stream could not be read to its end
  Error first;                         // the failure that came first, from however deep inside
  Error first_skipped;                 // why

  void add(const TaskEnded& child);
  std::size_t count(TaskState state) const { return ended[static_cast<std::size_t>(state)]; }
  std::size_t failed() const;  // those that are allowed to are not
  std::size_t total() const;
  bool all_well() const;
};

struct GroupVerdict {
  TaskState state = TaskState::succeeded;
  Error error;            // what flows up; empty when succeeded
  Error why;              // the same without the group's name
  bool by_tasks = false;  // it failed only because tasks in it did
};
// `context` has the group's timeout; only what comes from there or from above cancels it.
// `first_cause` is what ended the group's own context: a timeout that passes while a failed group
// is being stopped has decided nothing.
GroupVerdict judge_group(const Task& task, const GroupTally& tally, const Context& context,
                         const Error& first_cause);

int run_exit_status(const Task& root, const GroupVerdict& verdict, const Error& cause);

// How messages name a group: "the run", "group 'lint'".
std::string group_label(const Task& group);

}  // namespace errand
