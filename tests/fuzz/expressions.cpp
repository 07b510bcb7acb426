// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/expression.h"

#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

constexpr std::size_t kLongestValue = 21;

ExpressionScope scope() {
  ExpressionScope scope;
  scope.vars = [](std::string_view name) -> std::optional<std::string> {
    if (name == "a") return "1";
    if (name == "again") return "${{ vars.a }} ${{ x }}";
    return {};
  };
  scope.matrix = [](std::string_view name) -> std::optional<std::string> {
    if (name == "os") return "linux";
    return {};
  };
  scope.env = [](std::string_view name) -> std::optional<std::string> {
    if (name == "CI") return "true";
    if (name == "N") return "1.0";
    return {};
  };
  return scope;
}

void check_expansion(std::string_view text) {
  const auto expanded = expand_expressions(text, scope());
  if (!expanded) return check_error(expanded.error());
  promise(has_expressions(text) || *expanded == text, "a text without expressions stays");
  promise(expanded->size() <= text.size() * kLongestValue, "each expression is one value");
}

void check_condition(std::string_view text) {
  const auto holds = evaluate_condition(text, scope());
  if (!holds) return check_error(holds.error());
  if (has_expressions(text) || text.size() > kConditionBytesMax / 4) return;
  const std::string inside = "(" + std::string(text) + ")";
  const auto negated = evaluate_condition("!" + inside, scope());
  promise(!negated || *negated != *holds, "! negates");
  const auto twice = evaluate_condition(inside + " && " + inside, scope());
  promise(!twice || *twice == *holds, "what holds twice holds");
  promise(negated.has_value() == twice.has_value(), "only depth is a reason to refuse it");
}

}  // namespace

void expressions(std::string_view text) {
  check_expansion(text);
  check_condition(text);
}

}  // namespace errand::fuzz
