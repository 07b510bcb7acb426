// SPDX-License-Identifier: Apache-2.0
//
// A plan as a graph, for programs that draw: groups hold tasks, and an arrow leads from what is
// needed to what needs it, with the need's condition unless that is success.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "errand/plan/plan.h"

namespace errand {

// What a text of the plan is shown as; empty: as it is. Only names, descriptions and the reasons of
// excluded tasks are shown, which have no secrets in them. What the
// format itself cannot hold, and control characters, are escaped behind it.
using ShowText = std::function<std::string(std::string_view)>;

// For Graphviz. Groups are clusters, services components, what runs last is rounded, what does not
// run is gray and dashed.
std::string graph_as_dot(const Plan& plan, const ShowText& show = {});

// For Mermaid, with subgraphs; the shapes say the same.
std::string graph_as_mermaid(const Plan& plan, const ShowText& show = {});

// {version, name, mode, tasks: [{name, group, needs: [{task, condition}], …}]}
std::string graph_as_json(const Plan& plan, const ShowText& show = {});

}  // namespace errand
