// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errand/plan/plan.h"
#include "errand/taskfile/syntax/format.h"

namespace errand::task_file {

// A byte of a Source, counted from 0 behind its byte order mark.
using Offset = std::uint32_t;

// The bytes of one file and where its lines start; the bytes belong to the caller. A line ends with
// LF, CR LF or CR, for YAML as for JSON, as editors count.
class Source {
 public:
  // A byte order mark is left out. `text` has at most kSourceBytesMax bytes.
  explicit Source(std::string_view text, std::uint32_t first_line = 1);

  std::string_view text() const { return text_; }
  bool is_ascii() const { return ascii_; }
  Position position(Offset offset) const;

 private:
  void find_lines();

  std::string_view text_;
  std::uint32_t first_line_;
  bool ascii_ = true;
  std::vector<Offset> later_lines_;  // where the second line and those after it start
};

inline constexpr std::size_t kSourceBytesMax = 0xFFFFFFFE;  // an Offset holds no more

struct InvalidByte {
  Offset offset = 0;
  std::string what;
};
// The first byte that can stand in no task file: broken UTF-8, NUL, a control character. The
// parsers behind give such bytes no position, or stop at them in silence.
std::optional<InvalidByte> find_invalid_byte(std::string_view text, Format format);

}  // namespace errand::task_file
