// SPDX-License-Identifier: Apache-2.0
//
// One function for each subcommand; each returns errand's exit status.
#pragma once

#include "errand/options.h"

namespace errand::cmd {

int run(RunCommand command);
int check(const CheckCommand& command);
int list(const ListCommand& command);
int graph(const GraphCommand& command);
int schema();

// The resolved plan as text, for --dry-run.
std::string describe(const Plan& plan);

// Complains on standard error.
void complain(const std::vector<std::string>& lines);
// Prints on standard output; kErrandFailed when that is impossible, else 0.
int print(const std::string& text);

}  // namespace errand::cmd
