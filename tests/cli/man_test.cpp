// SPDX-License-Identifier: Apache-2.0
//
// errand man: what troff makes of it; tests/cmd/cli/man_page_test.cpp has what is in it.
#include "support/cli.h"

namespace errand::test {
namespace {

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

}  // namespace
}  // namespace errand::test
