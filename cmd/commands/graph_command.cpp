// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"

#include "cmd/commands/commands.h"
#include "cmd/commands/shown_plan.h"
#include "cmd/input/input.h"
#include "cmd/print.h"

namespace errand::cmd {

int graph(const GraphCommand& command) {
  const std::optional<FilePlan> file = read_whole_plan(command.input, "drawn");
  if (!file) return kErrandFailed;
  const ShownTexts texts(file->plan);
  const ShowText raw = [&texts](std::string_view text) { return texts.raw(text); };
  const ShowText line = [&texts](std::string_view text) { return texts.line(text); };
  switch (command.format) {
    case GraphFormat::dot:
      return print(graph_as_dot(file->plan, line));
    case GraphFormat::mermaid:
      return print(graph_as_mermaid(file->plan, line));
    case GraphFormat::json:
      return print(graph_as_json(file->plan, raw));
  }
  return kErrandFailed;
}

}  // namespace errand::cmd
