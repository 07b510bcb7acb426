// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"
#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

// Reads one JSON value (RFC 8259, nothing more). REQUIRES: find_invalid_byte(source.text(),
// Format::json) found none. False, with a problem, when the text is not JSON or too deep;
// `document` is of no use then.
bool read_json(const Source& source, Document& document, ProblemList& problems);

}  // namespace errand::task_file
