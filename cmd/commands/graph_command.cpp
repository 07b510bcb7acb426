// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"

#include "cmd/commands/commands.h"
#include "cmd/commands/shown_plan.h"
#include "cmd/input/input.h"
#include "cmd/print.h"

namespace errand::cmd {

std::string drawing(const Plan& plan, GraphFormat format) {
  const ShownTexts texts(plan);
  const ShowText raw = [&texts](std::string_view text) { return texts.raw(text); };
  const ShowText line = [&texts](std::string_view text) { return texts.line(text); };
  switch (format) {
    case GraphFormat::dot:
      return graph_as_dot(plan, line);
    case GraphFormat::mermaid:
      return graph_as_mermaid(plan, line);
    case GraphFormat::json:
      return graph_as_json(plan, raw);
  }
  return {};
}

int graph(const GraphCommand& command) {
  const std::expected<FilePlan, InputError> file = read_whole_plan(command.input, "drawn");
  if (file) return print(drawing(file->plan, command.format));
  print_errors(file.error().lines);
  return kErrandFailed;
}

}  // namespace errand::cmd
