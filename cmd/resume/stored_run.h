// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "errand/base/result.h"

namespace errand::cmd {

// A run's log, and its folder, where the output is that its events point to; empty: there is none.
struct StoredRun {
  std::string events, folder;

  std::string path_of(std::string_view name) const { return folder + "/" + std::string(name); }
};

// Where runs are kept, or why that is not known.
Result<std::string> require_runs_folder();

StoredRun stored_run_in(const std::string& folder);

// By a log's path or that of its folder, a run's id or the beginning of one, or "last".
Result<StoredRun> find_stored_run(const std::string& run);

}  // namespace errand::cmd
