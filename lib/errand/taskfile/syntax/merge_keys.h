// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

inline constexpr std::string_view kExpansionTooLarge =
    "aliases expand this file to many times its size; write out what they repeat";

// Takes what repeating `node` costs from `budget`; false, and nothing taken, when that is too much.
bool spend(const Node& node, std::size_t& budget);

// Adds to the map opened last the entries that its merge keys ("<<": a map or a list of maps) bring
// in and that it does not have itself; the first to bring one wins. False, with a problem, when
// that exceeds `budget`.
bool add_merged_entries(Document& document, std::size_t& budget, ProblemList& problems);

}  // namespace errand::task_file
