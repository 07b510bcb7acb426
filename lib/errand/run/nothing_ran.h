// SPDX-License-Identifier: Apache-2.0
//
// Whether anything ran: the one place that decides it, for files, commands and streams.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "errand/base/error.h"

namespace errand {

// What became of the tasks that a run was given.
struct RunCoverage {
  std::size_t given = 0;     // tasks that reached the run, groups not counted
  std::size_t left_out = 0;  // tasks that --only and --skip kept from it
  std::size_t excluded =
      0;  // of those given: skipped by `if`, by `when` or as done in an earlier run
  std::size_t started = 0;  // attempts that had a process, or could not get one
  // Why it is an error that there was no task at all; empty if the source may be empty.
  Error empty_error = {};
};

// A run that started nothing. Either `error` is set, and the run is no success, or `note` says why
// it is one.
struct NothingRan {
  Error error;
  std::string note;
};

// Judges a run that would otherwise be a success. Returns nothing if it has started a task. If it
// has not, that is a success only where the user said so: a source that may be empty, or filters
// that left no task.
std::optional<NothingRan> judge_coverage(const RunCoverage& coverage);

}  // namespace errand
