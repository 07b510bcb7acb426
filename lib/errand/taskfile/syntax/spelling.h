// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace errand::task_file {

// "killSignal", "kill-signal" and "KillSignal" become "kill_signal".
std::string to_snake_case(std::string_view word);

// Do two spellings of a key mean the same: is `word` `name`, or its form with hyphens?
bool is_spelling_of(std::string_view word, std::string_view name);

// Why `word` is none of the keys `known`, which are in snake_case, and which one was meant: the
// right spelling, or the nearest; `otherwise` where none is near.
std::string describe_unknown_key(std::string_view word, std::span<const std::string_view> known,
                                 std::string_view otherwise);

// A list for a message: "a, b or c".
std::string join_names(std::span<const std::string_view> names);

}  // namespace errand::task_file
