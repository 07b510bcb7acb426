// SPDX-License-Identifier: Apache-2.0
#include "errand/command_table.h"
#include "errand/commands.h"
#include "errand/man_page.h"

namespace errand::cmd {

int man() {
  Invocations nowhere;
  return print(man_page(command_table(nowhere)));
}

}  // namespace errand::cmd
