// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/expand.h"

#include <algorithm>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

// Is there an expression among the texts of the document? Texts that do not stand in the source as
// they are have escapes, which begin with a backslash.
bool find_any(const Document& document, const Source& source) {
  const bool possible =
      has_expressions(source.text()) || source.text().find('\\') != std::string_view::npos;
  return possible && std::ranges::any_of(document.nodes(), [](const Node& node) {
           return has_expressions(node.text);
         });
}

// A map's keys are names, not texts: marks the values of a copy.
template <class Visit>
void visit_values(std::span<Node> nodes, Visit visit) {
  std::vector<bool> is_key(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].kind == NodeKind::map) {
      for (std::size_t key = i + 1; key < i + nodes[i].size;) {
        is_key[key] = true;
        const std::size_t value = key + nodes[key].size;
        key = value + nodes[value].size;
      }
    }
    if (nodes[i].is_scalar() && !is_key[i]) visit(nodes[i]);
  }
}

// Has the text an expression with a value of the matrix?
bool mentions_matrix(std::string_view text) {
  for (std::size_t at = 0; (at = text.find("${{", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find("}}", at), text.size());
    if (text.substr(at, end - at).find("matrix.") != std::string_view::npos) return true;
    at = end;
  }
  return false;
}

}  // namespace

void check_matrix_key(const KeySet& keys, ProblemList& problems) {
  const Entry key = keys[Key::dedupe_key];
  if (!key || mentions_matrix(key.value->text)) return;
  problems.add(key.value->offset,
               "equal for all tasks of the matrix, of which only one would run; mention "
               "${{ matrix.NAME }} in it, or remove it");
}

bool has_expressions_below(const Node& value) {
  return std::any_of(&value, value.next(),
                     [](const Node& node) { return has_expressions(node.text); });
}

ExternalVariables::ExternalVariables(const ReadOptions& options) : process_(options.variable) {
  for (const auto& [name, value] : options.vars) vars_[name] = value;
  for (const auto& [name, value] : options.env) innermost_[name] = value;
}

std::optional<std::string> ExternalVariables::var(std::string_view name) const {
  if (vars_.empty()) return {};
  const auto found = vars_.find(std::string(name));
  return found == vars_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> ExternalVariables::var_names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : vars_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

std::optional<std::string> ExternalVariables::variable(std::string_view name,
                                                       const Scope& scope) const {
  if (!innermost_.empty()) {
    const auto found = innermost_.find(std::string(name));
    if (found != innermost_.end()) return found->second;
  }
  if (const EnvEntry* entry = scope.find_variable(name)) return entry->second;
  return process_ ? process_(std::string(name)) : std::nullopt;
}

Expander::Expander(const Document& document, const Source& source,
                   const ExternalVariables& external_variables, ExpansionBudget& budget,
                   ProblemList& problems)
    : external_variables_(external_variables),
      budget_(budget),
      problems_(problems),
      any_(find_any(document, source)) {}

void Expander::read_vars(const Entry& entry) {
  if (entry.value->kind == NodeKind::null) return;
  if (entry.value->kind != NodeKind::map) {
    return add_wrong_type(*entry.value, entry.key->text, "a map of names and values", problems_);
  }
  for (const Entry each : Entries(*entry.value)) {
    const std::string_view name = each.key->text;
    if (!is_identifier(name)) {
      problems_.add(each.key->offset, [&] {
        return quote(name) +
               " cannot be named in ${{ vars.NAME }}; use letters, digits, _ and -, "
               "a letter first";
      });
    }
    if (!is_text(*each.value)) add_wrong_type(*each.value, name, "a text or a number", problems_);
    vars_.emplace(name, each.value->text);
  }
}

void Expander::report_undeclared_vars() const {
  std::vector<std::string_view> known;
  for (const auto& [name, value] : vars_) known.push_back(name);
  std::ranges::sort(known);
  for (const std::string& name : external_variables_.var_names()) {
    if (vars_.contains(name)) continue;
    const std::string near = nearest(name, known);
    problems_.add(0, "--var " + escape(name) + ": the file has no such name in its vars" +
                         (near.empty() ? "" : ", did you mean " + quote(near) + "?"));
  }
}

// What hostile files repeat without end is stopped where it is looked up.
std::optional<std::string> Expander::charge(std::optional<std::string> value) {
  if (!value || budget_.spend(value->size())) return value;
  budget_.spend_all();
  budget_exceeded_ = true;
  return {};
}

ExpressionScope Expander::names_in(const Scope& scope, Unset unset) {
  ExpressionScope names;
  names.vars = [this](std::string_view name) -> std::optional<std::string> {
    if (auto given = external_variables_.var(name)) return charge(std::move(given));
    const auto found = vars_.find(name);
    return found == vars_.end() ? std::nullopt : charge(std::string(found->second));
  };
  names.matrix = [this, &scope](std::string_view name) -> std::optional<std::string> {
    return scope.matrix() ? charge(scope.matrix()->value(name)) : std::nullopt;
  };
  names.env = [this, &scope, unset](std::string_view name) -> std::optional<std::string> {
    auto value = external_variables_.variable(name, scope);
    if (!value && unset == Unset::is_empty) return std::string();
    return charge(std::move(value));
  };
  return names;
}

void Expander::report(const Node& node, const Entry& entry, const Error& error) {
  problems_.add(node.offset, [&] {
    if (budget_exceeded_) return std::string(kBudgetExceeded);
    return std::string(entry.key->text) + ": " + escape(error.message());
  });
}

void Expander::expand_text(Node& node, const Entry& entry, Scope& scope) {
  // What a task that does not run would miss is missed by nobody.
  const Unset unset = scope.is_excluded() ? Unset::is_empty : Unset::is_error;
  auto text = expand_expressions(node.text, names_in(scope, unset));
  if (!text || !budget_.spend(node.text.size())) {
    budget_exceeded_ |= text.has_value();
    return report(node, entry, text ? Error() : text.error());
  }
  node.text = scope.keep(std::move(*text));
  node.kind = NodeKind::text;
}

Entry Expander::expand(const Entry& entry, Scope& scope) {
  const Node& value = *entry.value;
  if (!any_ || !has_expressions_below(value)) return entry;
  if (!budget_.spend(value.size * sizeof(Node))) {
    budget_exceeded_ = true;
    report(value, entry, {});
    return entry;
  }
  std::vector<Node>& copy = scope.keep(std::vector<Node>(&value, value.next()));
  visit_values(copy, [&](Node& node) {
    if (has_expressions(node.text)) expand_text(node, entry, scope);
  });
  return {entry.key, copy.data()};
}

void Expander::expand(KeySet& keys, Keys which, Scope& scope) {
  if (!any_) return;
  for (Keys left = keys.present() & which; !left.empty(); left = left.rest()) {
    keys.set(left.first(), expand(keys[left.first()], scope));
  }
}

std::optional<bool> Expander::evaluate(const Entry& entry, const Scope& scope) {
  if (!is_text(*entry.value)) {
    add_wrong_type(*entry.value, entry.key->text, "a condition such as env.CI == 'true'",
                   problems_);
    return {};
  }
  if (entry.value->kind == NodeKind::boolean) return read_flag(entry, problems_);
  const auto value = evaluate_condition(entry.value->text, names_in(scope, Unset::is_empty));
  if (value) return *value;
  report(*entry.value, entry, value.error());
  return {};
}

}  // namespace errand::task_file
