// SPDX-License-Identifier: Apache-2.0
//
// What the words and options of `errand exec` mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "errand/base/result.h"
#include "errand/shell/command_template.h"

namespace errand::cmd {

// What standard input is.
enum class Stdin : std::uint8_t {
  data,  // a pipe, a socket or a file
  terminal,
  nothing,  // /dev/null and the like
  closed,
};

// What was typed.
struct ExecWords {
  std::vector<std::string> words;
  std::vector<std::string> files;  // -a; "-" is standard input
  std::size_t values_max = 0;      // -n: arguments for each task; 0: it was not given
  bool nul = false;                // -0
  bool may_be_empty = false;       // -r
};

// For messages about standard input that is read although it was not named.
struct UnnamedInput {
  std::string reason;   // "{} stands for a line of standard input"
  std::string instead;  // what to write if that was not meant
};

// A source of arguments (or of scripts, if there is no command) that is read as it arrives.
struct ItemSource {
  std::string path;  // "-": standard input
  bool nul = false;  // its items end with NUL, not with a newline
  bool may_be_empty = true;
  std::optional<UnnamedInput> unnamed = {};  // none: it was named
};

struct ExecWork {
  std::optional<CommandTemplate> form;  // none: each item is a script
  std::size_t values_max = 1;           // arguments for each task
  std::optional<ItemSource> source;     // none: `items` are all
  std::vector<std::string> items;       // the arguments after :::, or scripts
  bool has_arguments = false;           // there is a source; otherwise each word is a script
};

// Decides where the arguments come from and what each task runs. The error says what is wrong and
// what to write instead.
Result<ExecWork> read_words(ExecWords given, Stdin input, const std::vector<std::string>& shell);

}  // namespace errand::cmd
