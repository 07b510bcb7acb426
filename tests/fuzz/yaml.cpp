// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"
#include "errand/plan/edit/select.h"
#include "errand/plan/edit/shuffle.h"
#include "fuzz/check.h"
#include "fuzz/targets.h"

namespace errand::fuzz {
namespace {

constexpr std::size_t kTasksVariedMax = 200;  // what follows is quadratic in places

// What is made of a plan is a plan again.
void check_variations(const Plan& plan) {
  if (plan.tasks().size() > kTasksVariedMax) return;
  check_plan(shuffle(plan, plan.tasks().size()));
  for (const std::string& show :
       {graph_as_dot(plan), graph_as_mermaid(plan), graph_as_json(plan)}) {
    promise(!show.empty(), "a plan is shown");
  }
  if (plan.tasks().size() == 1) return;
  const auto selected = select(plan, {{plan.tasks().back().full_name}, {}, {}});
  promise(selected.has_value(), "a task can be selected by its name");
  check_plan(*selected);
}

}  // namespace

void yaml(std::string_view text) {
  const ReadOptions options = read_options();
  std::optional<std::size_t> before;
  if (const auto first = read_plan(text, Format::yaml, options)) before = fingerprint(*first);
  const auto plan = read_plan(text, Format::yaml, options);
  promise(plan.has_value() == before.has_value(), "reading is deterministic");
  if (!plan) return check_problems(plan.error(), text);
  promise(fingerprint(*plan) == *before, "so is the plan");
  check_plan(*plan);
  check_variations(*plan);
}

}  // namespace errand::fuzz
