// SPDX-License-Identifier: Apache-2.0
//
// A command with placeholders, and the tasks that values make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
  // What the values of one task make of it.
  struct Instance {
    Run run;
    // Where a {%} is, in a script as well: its word is the last of the argv that the shell gets.
    std::vector<SlotPlaceholder> slots;
  };

  // One word is a script for `shell` (an argv prefix), several are an argv without a shell. Each
  // task has 1 to `values_max` values. Without a placeholder in any word all values are appended as
  // the last words. With more than one value for a task, a word of an argv with {} or a form of it
  // comes once for each value; in a script it has to be a word of its own. The error says what
  // cannot be replaced safely, or what errand does not have.
  static Result<CommandTemplate> make(std::vector<std::string> words,
                                      const std::vector<std::string>& shell,
                                      std::size_t values_max = 1);

  // Each value takes its places as one word each time, whatever is in it; none has a NUL. There are
  // 1 to `values_max` of them. `number` is for {#}. The error says which value is missing.
  Result<Instance> instantiate(std::span<const std::string> values, std::uint64_t number) const;

 private:
  // Text, and what follows it.
  struct Piece {
    std::string text;
    std::optional<Placeholder> placeholder;
    std::string before, after;  // what ends and begins a script's quotes around the value
  };
  using Word = std::vector<Piece>;

  static Result<Word> split_script(const TemplateWord& script, std::size_t values_max);
  static Word split_word(const TemplateWord& word);
  Instance fill_script(std::span<const std::string> values, std::uint64_t number) const;
  void add_words(const Word& pieces, std::span<const std::string> values, std::uint64_t number,
                 Instance& instance, Argv& argv) const;

  std::vector<Word> words_;  // of a script: one
  std::size_t shell_words_ = 0;
  unsigned position_max_ = 0;  // the highest N of {N}
};

}  // namespace errand
