// SPDX-License-Identifier: Apache-2.0
//
// `${{ vars.x }}` in texts, and the conditions of `if`. Values are text; nothing is run.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "errand/base/result.h"

namespace errand {

// What names stand for. Each returns nothing for a name it does not know; an empty function knows
// none.
struct ExpressionScope {
  using Lookup = std::function<std::optional<std::string>(std::string_view name)>;
  Lookup vars, matrix, env;
};

inline constexpr std::size_t kExpandedBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kConditionBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kConditionDepthMax = 100;  // of parentheses

// Does the text contain "${{"?
bool has_expressions(std::string_view text);

// Replaces ${{ vars.x }}, ${{ matrix.x }} and ${{ env.X }}; nothing else is allowed inside. What
// they stand for is not looked at again. An unknown name and anything malformed is an error that
// says what to do; so is a result of more than kExpandedBytesMax.
Result<std::string> expand_expressions(std::string_view text, const ExpressionScope& scope);

// == != && || ! ( ) over vars.x, matrix.x, env.X, 'text', "text" (a doubled quote stands for one),
// numbers, true and false; `${{ }}` around the whole is accepted. Values are compared as text,
// letter by letter, and as numbers where one side is written as a number and the other reads as
// one. A value alone is true unless it is empty, "false" or "0". A variable that is not set is
// empty; unknown names of vars and matrix are errors, also where they decide nothing.
Result<bool> evaluate_condition(std::string_view expression, const ExpressionScope& scope);

}  // namespace errand
