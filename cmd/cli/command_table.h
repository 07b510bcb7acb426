// SPDX-License-Identifier: Apache-2.0
//
// errand's commands, each with its options, and what --help says of it.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli/invocation.h"
#include "cmd/cli/option_spec.h"

namespace errand::cmd {

// What is read from the command line, one for each command.
struct Invocations {
  RunCommand run;
  ExecCommand exec;
  CheckCommand check;
  ListCommand list;
  GraphCommand graph;
  ReportCommand report;
  CompletionCommand completion;
};

// In the order of the help.
std::vector<CommandSpec> commands_without_options();
// A command's options, which read into `into`, which outlives them. Its words are not options, and
// not read by them.
std::vector<OptionSpec> options_of(std::string_view command, Invocations& into);
// The commands with their options.
std::vector<CommandSpec> command_table(Invocations& into);

std::string help_of_errand(const std::vector<CommandSpec>& commands);
std::string help_of(const CommandSpec& command);

}  // namespace errand::cmd
