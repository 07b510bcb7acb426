// SPDX-License-Identifier: Apache-2.0
//
// Reads the value of one key. What is wrong with it becomes a problem at its place, and nothing is
// returned then.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/document.h"
#include "errand/plan/plan.h"
#include "errand/plan/problem_list.h"

namespace errand::task_file {

// Numbers and true/false count as the text they are written with.
std::optional<std::string_view> read_text(const Entry& entry, ProblemList& problems);
std::optional<Argv> read_argv(const Entry& entry, ProblemList& problems);
// Text is a script, a list is an argv. `name` is what messages call it.
std::optional<Run> read_run(const Node& value, std::string_view name, ProblemList& problems);
std::optional<Duration> read_duration(const Entry& entry, ProblemList& problems);
// The same, and not 0.
std::optional<Duration> read_timeout(const Entry& entry, ProblemList& problems);
std::optional<Jobs> read_jobs(const Entry& entry, ProblemList& problems);
std::optional<int> read_signal(const Entry& entry, ProblemList& problems);
std::optional<Mode> read_mode(const Entry& entry, ProblemList& problems);
std::optional<std::string_view> read_dir(const Entry& entry, ProblemList& problems);
void check_version(const Entry& entry, ProblemList& problems);
// In file order; null unsets.
std::vector<EnvEntry> read_env(const Entry& entry, ProblemList& problems);

// A problem at the value: "KEY" expects EXPECTED, found a list.
void add_wrong_type(const Node& value, std::string_view name, std::string_view expected,
                    ProblemList& problems);

}  // namespace errand::task_file
