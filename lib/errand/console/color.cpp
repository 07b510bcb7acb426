// SPDX-License-Identifier: Apache-2.0
#include "errand/console/color.h"

namespace errand {
namespace {

using Variable = std::optional<std::string_view>;

bool is_set(const Variable& variable) { return variable && !variable->empty(); }
bool says_no(const Variable& variable) { return variable == "0" || variable == "false"; }
bool says_yes(const Variable& variable) { return is_set(variable) && !says_no(variable); }

}  // namespace

bool use_color(const ColorInputs& inputs) {
  if (inputs.choice != ColorChoice::automatic) return inputs.choice == ColorChoice::always;
  if (is_set(inputs.no_color)) return false;
  if (is_set(inputs.force_color)) return !says_no(inputs.force_color);
  if (says_yes(inputs.clicolor_force)) return true;
  if (inputs.clicolor == "0") return false;
  if (inputs.term == "dumb") return false;
  // The log viewers of CI systems show colours, though nothing there is a terminal.
  if (says_yes(inputs.ci)) return true;
  return inputs.is_terminal;
}

}  // namespace errand
