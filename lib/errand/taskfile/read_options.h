// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errand/plan/defaults.h"
#include "errand/plan/plan.h"

namespace errand {

// What stands outside the file and counts in it. Flags that override keys of the run (mode, jobs,
// timeout) are applied by select.h; these fill what the file leaves open, or go into its texts.
struct ReadOptions {
  std::string name;  // the run's name when the file has none: the file's stem
  std::string
      dir;  // what relative `dir` keys and tasks without one start from; "" = errand's folder
  std::vector<std::string> shell = kDefaultShell;
  Duration grace = kDefaultGrace;
  // A variable that errand itself was given; empty: there is none.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // The contents of a file, for env_file; empty: files cannot be read.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::vector<std::pair<std::string, std::string>> vars;  // over those of the file
  std::vector<EnvEntry> env;                              // inside everything the file says
  // The run's: gets the values of `secrets`, and is what the tasks then have. Never null.
  std::shared_ptr<Masker> masker = std::make_shared<Masker>();
};

}  // namespace errand
