// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/expand/matrix.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "errand/base/nearest.h"
#include "errand/base/quoted_text.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

constexpr std::size_t kComparisonBytes = 8;  // of the budget, so that no matrix takes for ever

constexpr std::size_t kNameBytesMax = 200;  // of a task; what numbers add still fits

std::string variable_of(std::string_view name) {
  std::string variable = "MATRIX_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    variable += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return variable;
}

struct Axis {
  const Node* name = nullptr;
  std::vector<std::string_view> values;
};

class MatrixReader {
 public:
  MatrixReader(const Entry& entry, ExpansionBudget& budget, ProblemList& problems)
      : entry_(entry), budget_(budget), problems_(problems) {}

  std::vector<Combination> read() {
    if (entry_.value->kind != NodeKind::map) {
      fail_type(*entry_.value, entry_.key->text, "a map of lists such as { os: [linux, macos] }");
      return {};
    }
    for (const Entry each : Entries(*entry_.value)) read_entry(each);
    if (right_ && check_names()) combine();
    if (!right_) return {};
    name_all();
    if (!right_) return {};
    return std::move(combinations_);
  }

 private:
  using Values = std::vector<std::pair<std::string_view, std::string_view>>;

  void fail(Offset offset, std::string what) {
    right_ = false;
    problems_.add(offset, std::move(what));
  }
  void fail_type(const Node& value, std::string_view name, std::string_view expected) {
    right_ = false;
    add_wrong_type(value, name, expected, problems_);
  }
  bool charge(std::size_t bytes) {
    if (budget_.spend(bytes)) return true;
    fail(entry_.key->offset, std::string(kBudgetExceeded));
    return false;
  }

  void read_entry(const Entry& each) {
    if (each.key->text == "include") {
      read_maps(each, included_);
    } else if (each.key->text == "exclude") {
      read_maps(each, excluded_);
    } else {
      read_axis(each);
    }
  }

  void read_axis(const Entry& each) {
    Axis axis{each.key, {}};
    if (each.value->kind != NodeKind::list || each.value->size == 1) {
      return fail_type(*each.value, each.key->text, "a list of values");
    }
    for (const Node& item : Items(*each.value)) {
      if (is_text(item)) {
        axis.values.push_back(item.text);
      } else {
        fail_type(item, each.key->text, "texts, numbers, true or false");
      }
    }
    axes_.push_back(std::move(axis));
  }

  void read_maps(const Entry& each, std::vector<const Node*>& maps) {
    if (each.value->kind != NodeKind::list) {
      return fail_type(*each.value, each.key->text, "a list of maps");
    }
    for (const Node& item : Items(*each.value)) {
      if (item.kind == NodeKind::map) {
        check_values(item);
        maps.push_back(&item);
      } else {
        fail_type(item, each.key->text, "a list of maps");
      }
    }
    if (maps.size() > kCombinationsMax) fail(each.key->offset, "more than 1000 entries");
  }

  void check_values(const Node& map) {
    for (const Entry each : Entries(map)) {
      if (!is_text(*each.value)) fail_type(*each.value, each.key->text, "a text or a number");
    }
  }

  const Axis* find_axis(std::string_view name) const {
    const auto found =
        std::ranges::find_if(axes_, [&](const Axis& axis) { return axis.name->text == name; });
    return found == axes_.end() ? nullptr : &*found;
  }

  bool check_names() {
    std::unordered_map<std::string, std::string_view> variables;
    for (const Axis& axis : axes_) check_name(*axis.name, variables);
    for (const Node* map : included_) {
      for (const Entry each : Entries(*map)) check_name(*each.key, variables);
    }
    if (variables.size() > kMatrixVariablesMax) {
      fail(entry_.key->offset, "the matrix has more than 100 variables");
      return false;
    }
    for (const Node* map : excluded_) {
      for (const Entry each : Entries(*map)) check_excluded_name(*each.key);
    }
    return right_;
  }

  void check_name(const Node& name, std::unordered_map<std::string, std::string_view>& variables) {
    if (!is_identifier(name.text)) {
      return fail(name.offset, quote(name.text) +
                                   " cannot be a variable of a matrix; use letters, digits, _ and "
                                   "-, a letter first");
    }
    if (variables.size() > kMatrixVariablesMax) return;  // said once
    const auto [same, fresh] = variables.emplace(variable_of(name.text), name.text);
    if (!fresh && same->second != name.text) {
      fail(name.offset, quote(name.text) + " and " + quote(same->second) + " would both be " +
                            same->first + " in the environment; rename one of them");
    }
  }

  void check_excluded_name(const Node& name) {
    if (find_axis(name.text)) return;
    right_ = false;
    problems_.add(name.offset, [&] {
      std::vector<std::string_view> names;
      for (const Axis& axis : axes_) names.push_back(axis.name->text);
      const std::string near = nearest(name.text, names);
      return "the matrix has no list " + quote(name.text) +
             (near.empty() ? "" : ", did you mean " + quote(near) + "?");
    });
  }

  void combine() {
    if (!axes_.empty()) multiply();
    if (!right_ ||
        !charge(all_.size() * (included_.size() + excluded_.size()) * kComparisonBytes)) {
      return;
    }
    std::erase_if(all_, [&](const Values& values) { return is_excluded(values); });
    for (const Values& values : all_) combinations_.push_back({{}, {}, values});
    for (const Node* map : included_) include(*map);
    if (combinations_.size() > kCombinationsMax) {
      fail_too_many();
    } else if (right_ && combinations_.empty()) {
      fail(entry_.key->offset, "the matrix has no combinations");
    }
  }

  void fail_too_many() {
    fail(entry_.key->offset, "the matrix has more than 1000 combinations; split it into several");
  }

  void multiply() {
    all_ = {Values()};
    for (const Axis& axis : axes_) {
      const std::size_t count = all_.size() * axis.values.size();
      if (count > kCombinationsMax) return fail_too_many();
      if (!charge(count * sizeof(Values::value_type))) return;
      std::vector<Values> longer;
      for (const Values& values : all_) {
        for (const std::string_view value : axis.values) {
          longer.push_back(values);
          longer.back().emplace_back(axis.name->text, value);
        }
      }
      all_ = std::move(longer);
    }
  }

  // The first values of each combination are those of the lists.
  bool agrees(const Values& values, const Entry& each) const {
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      if (values[i].first == each.key->text) return values[i].second == each.value->text;
    }
    return true;
  }

  bool agrees_in_all(const Values& values, const Node& map) const {
    for (const Entry each : Entries(map)) {
      if (!agrees(values, each)) return false;
    }
    return true;
  }

  bool is_excluded(const Values& values) const {
    return std::ranges::any_of(
        excluded_, [&](const Node* map) { return map->size > 1 && agrees_in_all(values, *map); });
  }

  void include(const Node& map) {
    bool extended = false;
    for (std::size_t i = 0; right_ && i < all_.size(); ++i) {
      if (!agrees_in_all(combinations_[i].values, map)) continue;
      extended = true;
      extend(combinations_[i].values, map);
    }
    if (extended || !right_ || map.size == 1) return;
    combinations_.emplace_back();
    extend(combinations_.back().values, map);
  }

  void extend(Values& values, const Node& map) {
    for (const Entry each : Entries(map)) {
      if (!charge(sizeof(Values::value_type))) return;
      const auto found = std::ranges::find(values, each.key->text, &Values::value_type::first);
      if (found == values.end()) {
        values.emplace_back(each.key->text, each.value->text);
      } else {
        found->second = each.value->text;
      }
    }
  }

  void name_all() {
    std::unordered_set<std::string> taken;
    for (Combination& each : combinations_) {
      each.values_text = text_of(each);
      if (!charge(each.values_text.size())) return;
      const std::string name = matrix_task_name(each.values_text);
      each.name = name;
      for (int number = 2; !taken.insert(each.name).second; ++number) {
        each.name = name + '#' + std::to_string(number);
      }
    }
  }

  static std::string text_of(const Combination& combination) {
    std::string text;
    for (const auto& [variable, value] : combination.values) {
      if (!text.empty()) text += ',';
      text += value.empty() ? "-" : value;
    }
    return text;
  }

  const Entry& entry_;
  ExpansionBudget& budget_;
  ProblemList& problems_;
  std::vector<Axis> axes_;
  std::vector<const Node*> included_;
  std::vector<const Node*> excluded_;
  std::vector<Values> all_;  // of the lists, without the excluded ones in the end
  std::vector<Combination> combinations_;
  bool right_ = true;
};

}  // namespace

std::string matrix_task_name(std::string_view values_text) {
  std::string name(values_text.substr(0, kNameBytesMax + 1));
  std::ranges::replace(name, '/', '_');
  if (name.size() <= kNameBytesMax) return name;
  std::size_t size = kNameBytesMax;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;
  name.resize(size);  // at a character's end
  return name + "...";
}

std::optional<std::string> Combination::value(std::string_view variable) const {
  for (const auto& [each, text] : values) {
    if (each == variable) return std::string(text);
  }
  return {};
}

std::vector<Combination> read_matrix(const Entry& entry, ExpansionBudget& budget,
                                     ProblemList& problems) {
  return MatrixReader(entry, budget, problems).read();
}

std::vector<EnvEntry> matrix_variables(const Combination& combination) {
  std::vector<EnvEntry> variables;
  for (const auto& [name, value] : combination.values) {
    variables.emplace_back(variable_of(name), std::string(value));
  }
  return variables;
}

}  // namespace errand::task_file
