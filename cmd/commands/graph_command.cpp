// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"

#include "cmd/commands/commands.h"
#include "cmd/input/input.h"
#include "cmd/print.h"
#include "errand/base/escape_text.h"

namespace errand::cmd {

std::string drawing(const Plan& plan, GraphFormat format) {
  switch (format) {
    case GraphFormat::dot:
      return graph_as_dot(plan, escape_text);
    case GraphFormat::mermaid:
      return graph_as_mermaid(plan, escape_text);
    case GraphFormat::json:
      return graph_as_json(plan);
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
