// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cmd/cli/invocation.h"
#include "cmd/cli/option_spec.h"

namespace errand::cmd {

// -C, for every command that reads tasks. What is given goes into `input`, which outlives the
// options; likewise below.
OptionSpec folder_option(InputOptions& input);
OptionSpec var_option(InputOptions& input);
OptionSpec env_option(InputOptions& input);
// What every command does that runs tasks.
std::vector<OptionSpec> run_options(RunCommand& run);
OptionSpec format_option(GraphCommand& graph);
std::vector<OptionSpec> report_options(ReportCommand& report);
// Those that only exec has: where arguments come from, and how many a task gets.
std::vector<OptionSpec> argument_options(ExecWords& words);

}  // namespace errand::cmd
