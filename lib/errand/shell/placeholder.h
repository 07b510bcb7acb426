// SPDX-License-Identifier: Apache-2.0
//
// What stands for the argument in a command template, with GNU parallel's meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace errand {

enum class Placeholder : std::uint8_t {
  whole,         // {}
  no_extension,  // {.}
  base,          // {/}: without the folders
  folder,        // {//}
  stem,          // {/.}: base without extension
  number,        // {#}: of the argument, from 1
  slot,          // {%}: of the attempt, known when it starts
};
std::string_view to_string(Placeholder placeholder);

// The one that `text` begins with.
std::optional<Placeholder> placeholder_at(std::string_view text);
bool has_placeholder(std::string_view text);

// What stands in its place; for a slot its own text.
std::string value_of(Placeholder placeholder, std::string_view argument, std::uint64_t number);

}  // namespace errand
