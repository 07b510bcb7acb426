// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/syntax/problem.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("a problem is shown with its place, or without when it has none") {
  CHECK(format_problem("ci.yaml", {{7, 5}, "oh"}) == "ci.yaml:7:5: oh");
  CHECK(format_problem("ci.yaml", {{}, "oh"}) == "ci.yaml: oh");
  CHECK(format_problem("a\nb", {{1, 1}, "oh"}) == "a\\nb:1:1: oh");
}
