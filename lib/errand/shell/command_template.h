// SPDX-License-Identifier: Apache-2.0
//
// A command with placeholders, and the tasks that arguments make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/result.h"
#include "errand/plan/policy.h"
#include "errand/shell/placeholder.h"

namespace errand {

// Immutable.
class CommandTemplate {
 public:
  // What one argument makes of it.
  struct Instance {
    Run run;
    std::vector<SlotPlaceholder> slots;  // of an argv
  };

  // One word is a script for `shell` (an argv prefix), several are an argv without a shell. Without
  // a placeholder in any word the argument is appended as the last word. The error says what cannot
  // be replaced safely.
  static Result<CommandTemplate> make(std::vector<std::string> words,
                                      const std::vector<std::string>& shell);

  // The argument takes its places as one word each time, whatever is in it; it has no NUL. `number`
  // is for {#}.
  Instance instantiate(std::string_view argument, std::uint64_t number) const;

 private:
  // Text, and what follows it.
  struct Piece {
    std::string text;
    std::optional<Placeholder> placeholder;
    std::string before, after;  // what ends and begins a script's quotes around the value
  };
  static Result<std::vector<Piece>> split_script(std::string_view script);
  static std::vector<Piece> split_word(std::string_view word);
  std::string fill_script(std::string_view argument, std::uint64_t number) const;

  std::vector<std::vector<Piece>> words_;  // of a script: one
};

}  // namespace errand
