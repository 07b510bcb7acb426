// SPDX-License-Identifier: Apache-2.0
//
// What a command of errand takes: one definition for reading, help, the environment and
// completions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/error.h"

namespace errand::cmd {

// What a shell may offer for a word.
enum class CompletionKind : std::uint8_t { nothing, choices, file, folder, file_or_task, task };

// Whether an option is part of the commands that run tasks of a run again.
enum class RerunUse : std::uint8_t {
  run,    // of the one that continues the run
  task,   // of that one, and of those that run a single task: it changes what a task does
  never,  // it only changes what is printed or written, or which earlier run is meant
};

// Its texts are literals.
struct OptionSpec {
  std::string_view names;  // "-j,--jobs"
  std::string_view value;  // "N|N%|auto"; empty: a flag
  std::string_view help;
  // Takes what was given: one text, with `repeats` all of them, of a flag one too. The error says
  // what is wrong with it, not where it came from.
  std::function<Error(const std::vector<std::string>& texts)> read;
  std::string_view variable = {};         // that gives it too; empty: none
  std::string_view exclusion_group = {};  // of those with one text here at most one may be given
  bool repeats = false;
  bool value_is_optional = false;  // --shuffle, --shuffle=SEED
  CompletionKind completes = CompletionKind::nothing;
  std::vector<std::string> choices = {};
  RerunUse rerun_use = RerunUse::run;
};

// What help puts behind the name: "", " N" or "[=SEED]".
inline std::string value_of(const OptionSpec& option) {
  const std::string value(option.value);
  if (value.empty()) return value;
  return option.value_is_optional ? "[=" + value + "]" : " " + value;
}

struct CommandSpec {
  std::string name;   // empty: errand itself
  std::string usage;  // what follows the options
  std::string about;
  std::vector<OptionSpec> options = {};
  std::string footer;
  CompletionKind words = CompletionKind::nothing;
  std::vector<std::string> choices = {};
  // Everything from the first word on is a command, not options.
  bool takes_command = false;
};

}  // namespace errand::cmd
