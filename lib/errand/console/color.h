// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace errand {

// What --color says.
enum class ColorChoice : std::uint8_t { automatic, always, never };

// What the decision depends on. A variable that is not set is nullopt.
struct ColorInputs {
  ColorChoice choice = ColorChoice::automatic;
  std::optional<std::string_view> no_color, force_color, clicolor_force, clicolor, term, ci;
  bool is_terminal = false;
};

// The first that says something decides: --color, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR,
// TERM=dumb, CI, and at last whether it is a terminal. An empty variable says nothing; "0" and
// "false" are a no for FORCE_COLOR, and as good as not set for CLICOLOR_FORCE and CI.
bool use_color(const ColorInputs& inputs);

}  // namespace errand
