// SPDX-License-Identifier: Apache-2.0
//
// Whether a task is the same as in an earlier run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "errand/plan/plan.h"

namespace errand {

// Of two tasks with equal fingerprints the same processes would be started: name, commands, shell,
// folder, variables, input and limits are equal, and so are the exit codes that count as success.
// A number in the place of a name is not in it: it is the task's place in a list, or in a stream.
// When it runs, how often and how long is not in it. Secrets are not in it either, wherever they
// stand: nobody can guess one with its help, and a new token makes no new task.
class Fingerprints {
 public:
  // The folder in which errand runs.
  explicit Fingerprints(std::string folder = {}) : folder_(std::move(folder)) {}
  // Never 0. Of a group: of its name alone. The one that a log told of a task counts.
  std::uint64_t of(const Task& task);

 private:
  std::uint64_t of_surroundings(const Task& task);

  std::string folder_;
  // Of the task before: most tasks have the same.
  std::shared_ptr<const std::vector<EnvEntry>> env_;
  std::shared_ptr<const std::vector<std::string>> shell_;
  std::shared_ptr<const Masker> masker_;
  std::string dir_;
  std::uint64_t surroundings_ = 0;
};

// Is its name the number that it got because it has none?
bool is_named_by_number(const Task& task);

}  // namespace errand
