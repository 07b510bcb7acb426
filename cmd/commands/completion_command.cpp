// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/command_table.h"
#include "cmd/cli/completion.h"
#include "cmd/commands/commands.h"
#include "cmd/print.h"

namespace errand::cmd {

int completion(const CompletionCommand& command) {
  Invocations nowhere;
  const std::vector<CommandSpec> commands = command_table(nowhere);
  if (command.shell == "bash") return print(bash_completion(commands));
  if (command.shell == "zsh") return print(zsh_completion(commands));
  if (command.shell == "fish") return print(fish_completion(commands));
  print_errors({"errand: completion: '" + command.shell + "' is not one of bash, zsh, fish"});
  return kErrandFailed;
}

}  // namespace errand::cmd
