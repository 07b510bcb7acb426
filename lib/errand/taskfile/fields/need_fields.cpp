// SPDX-License-Identifier: Apache-2.0
#include "errand/taskfile/fields/need_fields.h"

#include <array>

#include "errand/taskfile/fields/fields.h"
#include "errand/taskfile/fields/structured_values.h"
#include "errand/taskfile/fields/values.h"

namespace errand::task_file {
namespace {

NeedField field_of(const Node& name) { return {0, name.offset, name.text, {}, name.offset}; }

void add_text(const Node& name, std::vector<NeedField>& needs, ProblemList& problems) {
  if (is_text(name)) {
    needs.push_back(field_of(name));
  } else {
    add_wrong_type(name, "needs", "the name of a task", problems);
  }
}

void read_rule(const Entry& need, NeedField& reference, ProblemList& problems) {
  static constexpr std::array<std::string_view, 1> known = {"condition"};
  if (need.value->kind == NodeKind::null) return;
  if (need.value->kind != NodeKind::map) {
    return add_wrong_type(*need.value, need.key->text, "a map such as { condition: success }",
                          problems);
  }
  const Fields fields(*need.value, known, problems);
  if (const Entry condition = fields["condition"]) {
    reference.condition = read_condition(condition, problems);
    reference.condition_offset = condition.value->offset;
  }
}

}  // namespace

std::vector<NeedField> read_need_fields(const Entry& entry, ProblemList& problems) {
  std::vector<NeedField> needs;
  const Node& value = *entry.value;
  if (value.kind == NodeKind::list) {
    for (const Node& item : Items(value)) add_text(item, needs, problems);
  } else if (value.kind == NodeKind::map) {
    for (const Entry need : Entries(value)) {
      needs.push_back(field_of(*need.key));
      read_rule(need, needs.back(), problems);
    }
  } else if (value.kind != NodeKind::null) {
    add_text(value, needs, problems);
  }
  return needs;
}

}  // namespace errand::task_file
