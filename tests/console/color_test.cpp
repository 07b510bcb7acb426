// SPDX-License-Identifier: Apache-2.0
#include "errand/console/color.h"

#include "support/catch.h"

using namespace errand;

namespace {

ColorInputs terminal() {
  ColorInputs inputs;
  inputs.is_terminal = true;
  return inputs;
}

}  // namespace

TEST_CASE("without any wish, colour is for terminals") {
  CHECK(use_color(terminal()));
  CHECK_FALSE(use_color(ColorInputs()));
}

TEST_CASE("the option goes before every variable") {
  ColorInputs inputs;
  inputs.choice = ColorChoice::always;
  inputs.no_color = "1";
  inputs.term = "dumb";
  CHECK(use_color(inputs));
  inputs = terminal();
  inputs.choice = ColorChoice::never;
  inputs.force_color = "1";
  CHECK_FALSE(use_color(inputs));
}

TEST_CASE("each variable goes before the next one") {
  ColorInputs inputs;
  inputs.ci = "true";
  CHECK(use_color(inputs));
  inputs.term = "dumb";
  CHECK_FALSE(use_color(inputs));
  inputs.term = "xterm";
  CHECK(use_color(inputs));
  inputs.clicolor = "0";
  CHECK_FALSE(use_color(inputs));
  inputs.clicolor_force = "1";
  CHECK(use_color(inputs));
  inputs.force_color = "0";
  CHECK_FALSE(use_color(inputs));
  inputs.force_color = "1";
  CHECK(use_color(inputs));
  inputs.no_color = "1";
  CHECK_FALSE(use_color(inputs));
}

TEST_CASE("an empty variable, and CI=false, say nothing") {
  ColorInputs inputs;
  inputs.no_color = "";
  inputs.force_color = "";
  inputs.clicolor_force = "0";
  inputs.clicolor = "1";
  inputs.ci = "false";
  CHECK_FALSE(use_color(inputs));
  inputs.is_terminal = true;
  CHECK(use_color(inputs));
}
