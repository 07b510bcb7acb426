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

TEST_CASE("[F4.4] the command has the options that change what a task does") {
  const Origin origin{"/work", "ci.yaml", {"--var", "n=a b", "--env", "MODE=x"}, {}};
  CHECK(rerun_command(origin, {"build"}, "/work") ==
        "errand run --var 'n=a b' --env MODE=x ci.yaml build");
}

TEST_CASE("[F4.4] the whole run is started again with its words and one more option") {
  const Origin origin{"/work", "ci.yaml", {}, {"run", "-k", "ci.yaml", "a b"}};
  CHECK(command_again(origin, "--resume", "/work") == "errand run --resume -k ci.yaml 'a b'");
  CHECK(command_again(origin, "--failed", "/") == "errand run -C /work --failed -k ci.yaml 'a b'");
  CHECK(command_again(origin, "", "/work") == "errand run -k ci.yaml 'a b'");
  CHECK(command_again({"/work", "ci.yaml"}, "--resume", "/work").empty());
}

TEST_CASE("[F4.15] a path that no line can show is pasted as an escape sequence") {
  CHECK(rerun_command({"/work", "a\nb.yaml"}, {"build"}, "/work") ==
        "errand run $'a\\nb.yaml' build");
  CHECK(rerun_command({"/work", "it's \xff.yaml"}, {"build"}, "/work") ==
        "errand run $'it\\047s \\377.yaml' build");
  CHECK(rerun_command({"/w\t1", "ci.yaml"}, {"build"}, "/") ==
        "errand run -C $'/w\\0111' ci.yaml build");
}
