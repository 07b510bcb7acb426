// SPDX-License-Identifier: Apache-2.0
//
// What is fuzzed, one function for each target: reads any bytes and holds the reader to its
// promises.
#pragma once

#include <string_view>

namespace errand::fuzz {

void yaml(std::string_view text);
void json(std::string_view text);
void json_lines(std::string_view text);
void expressions(std::string_view text);  // a text with ${{ }}, and a condition
void env_file(std::string_view text);
void plain_command(std::string_view text);
void command_template(std::string_view text);  // ARGUMENT NUL WORD NUL WORD …
void values(std::string_view text);            // the small ones: durations, sizes, MAKEFLAGS, …

}  // namespace errand::fuzz
