// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/plan.h"

#include <csignal>

#include "support/catch.h"

using namespace errand;

TEST_CASE("jobs are a number, a percentage, auto, or 0 for no limit") {
  CHECK(parse_jobs("4")->kind == Jobs::Kind::count);
  CHECK(parse_jobs("4")->value == 4);
  CHECK(parse_jobs("50%")->kind == Jobs::Kind::percent);
  CHECK(parse_jobs("50%")->value == 50);
  CHECK(parse_jobs("150%")->value == 150);
  CHECK(parse_jobs("auto")->kind == Jobs::Kind::automatic);
  CHECK(parse_jobs("0")->kind == Jobs::Kind::unlimited);
}

TEST_CASE("anything else is no number of jobs") {
  for (const char* text :
       {"", "-1", "4x", "%", "0%", "1.5", "4 ", "+4", "99999999999", "1000001"}) {
    CAPTURE(text);
    CHECK(!parse_jobs(text));
  }
  CHECK(parse_jobs("many").error().message() ==
        "\"many\" is not a number of jobs; write 4, 50% or auto, or 0 for no limit");
}

TEST_CASE("a signal is named with or without SIG, in any case, or numbered") {
  for (const char* text : {"TERM", "SIGTERM", "15", "term", "SigTerm"}) {
    CAPTURE(text);
    CHECK(parse_signal(text).value() == SIGTERM);
  }
  CHECK(parse_signal("INT").value() == SIGINT);
  CHECK(parse_signal("USR2").value() == SIGUSR2);
  CHECK(parse_signal("64").value() == 64);
}

TEST_CASE("an unknown signal is refused with the nearest known one") {
  CHECK(parse_signal("TREM").error().message() ==
        "unknown signal \"TREM\", did you mean \"TERM\"?");
  CHECK(parse_signal("SIG").error().message() ==
        "unknown signal \"SIG\"; write a name such as TERM or a number");
  CHECK(parse_signal("0").error().message() == "signal \"0\" is not between 1 and 64");
  CHECK(parse_signal("65").error().message() == "signal \"65\" is not between 1 and 64");
  CHECK(!parse_signal(""));
  CHECK(!parse_signal("-9"));
  CHECK(parse_signal("\x1b[2J").error().message() ==
        "unknown signal \"\\e[2J\"; write a name such as TERM or a number");
}

TEST_CASE("modes have the names that users write") {
  CHECK(to_string(Mode::errgroup) == "errgroup");
  CHECK(to_string(Mode::aggregate) == "aggregate");
}
