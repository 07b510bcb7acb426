// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"
#include "errand/taskfile/syntax/source.h"

namespace errand::task_file {

// How far aliases and merge keys may expand: their nodes and texts, in bytes, beyond the file
// itself.
inline constexpr std::size_t kAliasBytesFree = 1 << 20;
inline constexpr std::size_t kAliasBytesPerByte = 8;

// Reads one YAML document, by the core schema of YAML 1.2, with aliases and merge keys resolved.
// REQUIRES: find_invalid_byte(source.text(), Format::yaml) found none. False when the rest could
// not be read; `document` is of no use then. A problem is added for that and for whatever else is
// wrong.
bool read_yaml(const Source& source, Document& document, ProblemList& problems);

}  // namespace errand::task_file
