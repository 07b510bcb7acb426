// SPDX-License-Identifier: Apache-2.0
#include "cmd/cli/command_table.h"
#include "cmd/cli/man_page.h"
#include "cmd/commands/commands.h"
#include "cmd/print.h"

namespace errand::cmd {

int man() {
  Invocations nowhere;
  return print(man_page(command_table(nowhere)));
}

}  // namespace errand::cmd
