// SPDX-License-Identifier: Apache-2.0
#include "cmd/resume/stored_run.h"

#include <sys/stat.h>

#include <filesystem>

#include "cmd/session/environment.h"
#include "errand/journal/run_folder.h"

namespace errand::cmd {

Result<std::string> require_runs_folder() {
  std::string runs = runs_folder();
  if (!runs.empty()) return runs;
  return std::unexpected(Error::text("neither XDG_STATE_HOME nor HOME says where runs are kept"));
}

StoredRun stored_run_in(const std::string& folder) {
  return {folder + "/" + std::string(kEventsFile), folder};
}

// What is a file is one; a run's id never has a slash or a dot.
Result<StoredRun> find_stored_run(const std::string& run) {
  struct ::stat found;
  const bool is_path = run.find_first_of("/.") != std::string::npos;
  if (is_path || (run != "last" && ::stat(run.c_str(), &found) == 0)) {
    const StoredRun inside = stored_run_in(run);
    if (::stat(inside.events.c_str(), &found) == 0) return inside;
    const std::filesystem::path path(run);
    if (path.filename() != kEventsFile) return StoredRun{run, ""};
    return StoredRun{run, path.has_parent_path() ? path.parent_path().string() : "."};
  }
  const Result<std::string> runs = require_runs_folder();
  if (!runs) return std::unexpected(runs.error());
  const Result<std::string> folder = find_run(*runs, run);
  if (!folder) return std::unexpected(folder.error());
  return stored_run_in(*folder);
}

}  // namespace errand::cmd
