// SPDX-License-Identifier: Apache-2.0
//
// The manual page, made from the same definitions as --help.
#include "cmd/cli/man_page.h"

#include "cmd/cli/command_table.h"
#include "support/cmd_test.h"

namespace errand::test {
namespace {

// As troff writes it.
std::string with_hyphens(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '-' ? "\\-" : std::string(1, c);
  return escaped;
}

std::string page_of_all() {
  cmd::Invocations into;
  return cmd::man_page(cmd::command_table(into));
}

TEST_CASE("the manual page has every command and every option of the help") {
  const Environment env;
  const std::string page = page_of_all();
  for (const char* command : {"run", "exec", "check", "list", "graph", "schema", "completion"}) {
    CAPTURE(command);
    CHECK(contains(page, std::string(".B errand ") + command + "\n"));
    for (const std::string& line : lines_of(text_instead({command, "--help"}, 0))) {
      if (!line.starts_with("  -") || line.starts_with("  -h")) continue;
      const std::string names = line.substr(2, line.find_first_of(" [", 2) - 2);
      CAPTURE(names);
      CHECK(contains(page, with_hyphens(names.substr(names.find(',') + 1))));
    }
  }
}

TEST_CASE("the manual page names every variable that gives an option") {
  const std::string page = page_of_all();
  for (const char* name : {"ERRAND_JOBS", "ERRAND_OUTPUT", "ERRAND_LOG_FILE", "ERRAND_TASK"})
    CHECK(contains(page, std::string(".B \"") + name));
  cmd::Invocations into;
  for (const cmd::OptionSpec& option : cmd::options_of("run", into)) {
    CAPTURE(option.names);
    CHECK(contains(page, std::string(option.variable)));
  }
}

}  // namespace
}  // namespace errand::test
