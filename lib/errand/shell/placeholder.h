// SPDX-License-Identifier: Apache-2.0
//
// What stands for a value in a command template, with GNU parallel's meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "errand/base/result.h"

namespace errand {

struct Placeholder {
  enum class Kind : std::uint8_t {
    whole,         // {}
    no_extension,  // {.}
    base,          // {/}: without the folders
    folder,        // {//}
    stem,          // {/.}: base without extension
    number,        // {#}: of the task, from 1
    slot,          // {%}: of the attempt, known when it starts
  };
  Kind kind = Kind::whole;
  // Which of a task's values, from 1: {2.} has 2. 0: each of them.
  unsigned position = 0;

  // {#} and {%} are replaced by digits, which need no quotes.
  bool is_digits() const { return kind == Kind::number || kind == Kind::slot; }
  bool operator==(const Placeholder&) const = default;
};

// "{2.}"
std::string to_string(Placeholder placeholder);

struct PlacedPlaceholder {
  std::size_t at = 0;    // in TemplateWord::text
  std::size_t size = 0;  // of its own text there
  Placeholder placeholder;
};

// A word of a template. `text` still has the placeholders' own texts; what doubled braces write is
// in it as it is to come out: {{.}} has become {.}, and is in no PlacedPlaceholder.
struct TemplateWord {
  std::string text;
  std::vector<PlacedPlaceholder> placeholders;  // in order
};

enum class PlaceholderSet : std::uint8_t {
  implicit,  // {} and its forms, which name standard input as the source of values
  all,       // there is a source: {1}, {#} and {%} too
};

// Reads `word`. Directly after a $ nothing counts as a placeholder. Linear in its size.
TemplateWord read_template_word(std::string_view word, PlaceholderSet set);
// Returns whether `word` has {} or one of its forms.
bool has_implicit_placeholder(std::string_view word);

// Returns the first placeholder of GNU parallel in `word` that errand does not have, "{= s/a/b/ =}"
// or "{..}"; empty if there is none.
std::string find_foreign_placeholder(std::string_view word);

// Returns what `kind`, which is none of the digits, makes of `value`.
std::string value_of(Placeholder::Kind kind, std::string_view value);

}  // namespace errand
