// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "errand/taskfile/syntax/document.h"
#include "errand/taskfile/syntax/problem_list.h"

namespace errand::task_file {

// The entries of a map that is a value, such as that of "retry", by their names.
class Fields {
 public:
  static constexpr std::size_t kCountMax = 8;
  // Keys of `map` that are none of `known` and do not begin with x- become problems, and so do two
  // spellings of one. `known`: at most kCountMax, in snake_case; must live as long.
  Fields(const Node& map, std::span<const std::string_view> known, ProblemList& problems);
  // The entry with this name, one of `known`; an empty one when it is not there.
  Entry operator[](std::string_view name) const;

 private:
  std::span<const std::string_view> known_;
  std::array<Entry, kCountMax> entries_{};
};

}  // namespace errand::task_file
