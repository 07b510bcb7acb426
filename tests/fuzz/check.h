// SPDX-License-Identifier: Apache-2.0
//
// What every reader promises, whatever it reads.
#pragma once

#include <string>
#include <string_view>

#include "errand/base/result.h"
#include "errand/plan/plan.h"
#include "errand/taskfile/read.h"
#include "errand/taskfile/syntax/document.h"

namespace errand::fuzz {

// Ends the program, and says what is broken, unless `holds`.
void promise(bool holds, std::string_view what);

// A message is short and can be shown on a terminal: no control character, valid UTF-8.
void check_message(std::string_view what);
// The same of a reader of any bytes, which may repeat what is no UTF-8.
void check_error(const Error& error);
// Sorted, at most so many, each at a place that the text has. The text begins on `first_line`.
void check_problems(const Problems& problems, std::string_view text, std::uint32_t first_line = 1);

// What plan.h and policy.h say of a task, apart from its place in a plan.
void check_task(const Task& task);
// What plan.h says of a whole plan: ids, names, needs that end.
void check_plan(const Plan& plan);

// Equal for equal plans, whatever their size: two of them need not be held at once.
std::size_t fingerprint(const Plan& plan);

// A document as JSON again, with other blanks; numbers stay as they were written.
std::string print_json(const task_file::Document& document);

// What stands outside of the files: some variables, and some files of variables.
ReadOptions read_options();

}  // namespace errand::fuzz
