// SPDX-License-Identifier: Apache-2.0
#include "errand/report/rerun.h"

#include "support/catch.h"

using namespace errand;

TEST_CASE("tasks run again by a command that a shell can read, from whatever folder") {
  const Origin here{"/work/my app", "ci.yaml"};
  CHECK(rerun_command(here, {"build", "g/a b"}, "/work/my app") ==
        "errand run ci.yaml build 'g/a b'");
  CHECK(rerun_command(here, {"build"}, "/") == "errand run -C '/work/my app' ci.yaml build");
  CHECK(rerun_command({"/work", "/etc/ci.yaml"}, {"build"}, "/") ==
        "errand run /etc/ci.yaml build");
}

TEST_CASE("a task that is called like an option is still named as a task") {
  CHECK(rerun_command({"/work", "ci.yaml"}, {"build", "-k"}, "/work") ==
        "errand run -- ci.yaml build -k");
  CHECK(rerun_command({"/work", "-k.yaml"}, {"build"}, "/work") == "errand run -- -k.yaml build");
}

TEST_CASE("tasks that are in no file have no such command") {
  CHECK(rerun_command({}, {"build"}, "/").empty());
}
