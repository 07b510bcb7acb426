// SPDX-License-Identifier: Apache-2.0
//
// errand man: the manual page, made from the same definitions as --help.
#include <algorithm>

#include "support/cli.h"

namespace errand::test {
namespace {

// As troff writes it.
std::string with_hyphens(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '-' ? "\\-" : std::string(1, c);
  return escaped;
}

TEST_CASE("the manual page has every command and every option of the help") {
  CliTest test;
  const std::string page = test.run({"man"}).out;
  for (const char* command : {"run", "exec", "check", "list", "graph", "schema", "completion"}) {
    CAPTURE(command);
    CHECK(contains(page, std::string(".B errand ") + command + "\n"));
    for (const std::string& line : lines_of(test.run({command, "--help"}).out)) {
      if (!line.starts_with("  -") || line.starts_with("  -h")) continue;
      const std::string names = line.substr(2, line.find_first_of(" [", 2) - 2);
      CAPTURE(names);
      CHECK(contains(page, with_hyphens(names.substr(names.find(',') + 1))));
    }
  }
}

TEST_CASE("the manual page names every variable that gives an option") {
  CliTest test;
  const std::string page = test.run({"man"}).out;
  for (const char* name : {"ERRAND_JOBS", "ERRAND_OUTPUT", "ERRAND_LOG_FILE", "ERRAND_TASK"})
    CHECK(contains(page, std::string(".B \"") + name));
}

TEST_CASE("troff sets the manual page without a warning") {
  if (find_program("groff").empty()) return;
  CliTest test;
  test.write("errand.1", test.run({"man"}).out);
  const Ended end = test.run({"exec", "groff -man -ww -Tascii -P-cbu errand.1"});
  CHECK(end.how() == "exit 0");
  CHECK(contains(end.out, "EXIT STATUS"));
  CHECK(contains(end.out, "--task-timeout DUR"));
  CHECK_FALSE(contains(end.err, "warning"));
}

TEST_CASE("man takes no words") {
  CliTest test;
  CHECK(test.run({"man", "run"}).how() == "exit 125");
}

}  // namespace
}  // namespace errand::test
