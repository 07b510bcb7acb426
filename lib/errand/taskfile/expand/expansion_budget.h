// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace errand::task_file {

// How much a plan may grow beyond its file, in bytes.
class ExpansionBudget {
 public:
  explicit ExpansionBudget(std::size_t bytes) : left_(bytes) {}
  // False, and nothing is taken, when it is not enough.
  bool spend(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void spend_all() { left_ = 0; }

 private:
  std::size_t left_;
};

// By copies of outer environments and secrets in inner ones.
inline constexpr std::size_t kEnvCopiedBytesMax = 256 << 20;
// By expressions, matrices and defaults.
inline constexpr std::size_t kExpandedPlanBytesMax = 256 << 20;

inline constexpr std::string_view kBudgetExceeded =
    "the matrices, expressions and defaults of this file make too much of it; let them repeat less";

}  // namespace errand::task_file
