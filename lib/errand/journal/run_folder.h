// SPDX-License-Identifier: Apache-2.0
//
// Where the journals of runs are: a folder for each run, RUNS/ID, with its events and its output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/result.h"
#include "errand/io/unique_fd.h"

namespace errand {

// In a run's folder.
inline constexpr std::string_view kEventsFile = "events.jsonl";
inline constexpr std::string_view kOutputFile = "output";
inline constexpr std::string_view kLogEnd = ".log";  // of a failed task's output

// What is in RUNS, sorted. Ids begin with the second, so their order is nearly that of the runs.
std::vector<std::string> run_ids(const std::string& runs);

// Makes RUNS/ID, for nobody else's eyes, and what is missing above it. Its path, or why not.
Result<std::string> make_run_folder(const std::string& runs, const std::string& id);

// The folder of the run with this id, or the only one whose id begins so; "last": of the newest.
// The error names what there is: "no run begins with 'x'".
Result<std::string> find_run(const std::string& runs, const std::string& id);

// Does the run in this folder still go on, or does another go on with it?
bool is_running(const std::string& folder);
// It is taken for running as long as the descriptor is open. The error: it is running.
Result<UniqueFd> lock_run(const std::string& folder);

}  // namespace errand
