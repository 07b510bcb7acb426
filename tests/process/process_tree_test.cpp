// SPDX-License-Identifier: Apache-2.0
#include "errand/process/process_tree.h"

#include <sys/prctl.h>

#include "support/process_test.h"

namespace errand::test {
namespace {

TEST_CASE("a process is described by its parent, its group and its start") {
  const std::optional<ProcessStat> self = process_stat(::getpid());
  REQUIRE(self);
  CHECK(self->parent == ::getppid());
  CHECK(self->group == ::getpgrp());
  CHECK_FALSE(self->zombie);
  CHECK(self->start_ticks > 0);
  CHECK(self->start_ticks <= ticks_now());
}

TEST_CASE("a name with parentheses and spaces does not confuse the rest") {
  char before[16] = {};
  ::prctl(PR_GET_NAME, before);
  ::prctl(PR_SET_NAME, ") Z 1 (a b");
  const std::optional<ProcessStat> self = process_stat(::getpid());
  ::prctl(PR_SET_NAME, before);
  REQUIRE(self);
  CHECK(self->name == ") Z 1 (a b");
  CHECK(self->parent == ::getppid());
  CHECK_FALSE(self->zombie);
}

TEST_CASE("a process that is not there has no description") {
  CHECK_FALSE(process_stat(0));
  CHECK_FALSE(process_stat(-1));
}

TEST_CASE("this process is among all processes") {
  const std::vector<pid_t> all = all_processes();
  CHECK(std::count(all.begin(), all.end(), ::getpid()) == 1);
}

TEST_CASE("an entry of the environment is found whole or not at all") {
  const char* const path = ::getenv("PATH");
  REQUIRE(path);
  const std::string entry = "PATH=" + std::string(path);
  CHECK(environment_has(::getpid(), entry));
  CHECK_FALSE(environment_has(::getpid(), entry.substr(1)));
  CHECK_FALSE(environment_has(::getpid(), entry.substr(0, entry.size() - 1)));
}

}  // namespace
}  // namespace errand::test
