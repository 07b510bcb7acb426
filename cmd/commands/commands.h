// SPDX-License-Identifier: Apache-2.0
//
// One function for each subcommand; each returns errand's exit status.
#pragma once

#include <expected>
#include <string>

#include "cmd/cli/invocation.h"
#include "cmd/input/input.h"
#include "cmd/session/scoped_guardian.h"
#include "errand/events/latencies.h"

namespace errand::cmd {

int run(RunCommand command);
int exec(ExecCommand command);
int completion(const CompletionCommand& command);
int man();
int check(const CheckCommand& command);
int list(const ListCommand& command);
int graph(const GraphCommand& command);
int report(const ReportCommand& command);
int schema();

// Runs what was read, as the options say; prints it instead for --dry-run.
int perform(RunCommand command, Input input, ScopedGuardian guardian);

// Says on stderr, after a dry run, that nothing was run.
void note_dry_run(const RunCommand& command);

// The resolved plan as text, for --dry-run; `history` for hedges after a percentile.
std::string describe(const Plan& plan, const Durations& history);

// Returns the line that `check` prints if all of `input` is right, otherwise a line for each
// problem. Reads a stream to its end, blocking.
std::expected<std::string, InputError> check_input(const Input& input);

// Return the plan as `list` and `graph` print it.
std::string listing(const Plan& plan, const ListCommand& command);
std::string drawing(const Plan& plan, GraphFormat format);

}  // namespace errand::cmd
