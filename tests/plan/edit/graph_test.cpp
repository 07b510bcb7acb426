// SPDX-License-Identifier: Apache-2.0
#include "errand/plan/edit/graph.h"

#include <memory>

#include "support/catch.h"

using namespace errand;

namespace {

// Builds plans task by task.
class Draft {
 public:
  explicit Draft(const std::string& name = "ci") {
    Task root;
    root.is_group = true;
    root.name = name;
    tasks_.push_back(std::move(root));
  }
  TaskId task(const std::string& name, TaskId parent = 0) {
    Task task;
    task.id = static_cast<TaskId>(tasks_.size());
    task.parent = parent;
    task.name = name;
    const std::string& outer = tasks_[parent].full_name;
    task.full_name = outer.empty() ? name : outer + "/" + name;
    task.run = Script{"true"};
    tasks_[parent].children.push_back(task.id);
    tasks_.push_back(std::move(task));
    return tasks_.back().id;
  }
  TaskId group(const std::string& name, Mode mode = Mode::errgroup, TaskId parent = 0) {
    const TaskId id = task(name, parent);
    tasks_[id].is_group = true;
    tasks_[id].mode = mode;
    tasks_[id].run = {};
    return id;
  }
  void need(TaskId by, TaskId needed, Condition condition = Condition::success) {
    tasks_[by].needs.push_back({needed, condition});
  }
  template <class Change>
  void policy(TaskId id, Change change) {
    auto policy = std::make_shared<Policy>(*tasks_[id].policy);
    change(*policy);
    tasks_[id].policy = std::move(policy);
  }
  Task& operator[](TaskId id) { return tasks_[id]; }
  Plan plan() const { return Plan(tasks_); }

 private:
  std::vector<Task> tasks_;
};

// Everything a picture can show.
Plan sample() {
  Draft draft;
  const TaskId lint = draft.group("lint", Mode::aggregate);
  draft[lint].description = "All of style";
  const TaskId format = draft.task("format", lint);
  const TaskId db = draft.task("db");
  draft.policy(db, [](Policy& policy) { policy.service = true; });
  const TaskId test = draft.task("test");
  draft.need(test, lint);
  draft.need(test, db, Condition::ready);
  const TaskId deploy = draft.group("deploy");
  draft[deploy].excluded = "if: env.CI == 'true'";
  const TaskId push = draft.task("push", deploy);
  draft[push].excluded = "if: env.CI == 'true'";
  draft.need(deploy, test);
  draft.need(push, format, Condition::done);
  const TaskId cleanup = draft.task("cleanup");
  draft.policy(cleanup, [](Policy& policy) { policy.when = When::always; });
  return draft.plan();
}

Plan named(const std::string& name) {
  Draft draft(name);
  draft.task(name);
  return draft.plan();
}

std::string without_secret(std::string_view text) {
  std::string shown(text);
  for (std::size_t at = 0; (at = shown.find("hunter2")) != std::string::npos;) {
    shown.replace(at, 7, "xxx");
  }
  return shown;
}

}  // namespace

TEST_CASE("Graphviz gets groups as clusters, needs as arrows, and what is special as style") {
  CHECK(graph_as_dot(sample()) == R"dot(digraph "ci" {
  graph [compound=true, rankdir=LR];
  node [shape=box];
  subgraph cluster_t1 {
    graph [label="lint\n(aggregate)", tooltip="All of style", style=""];
    t1 [shape=point, style=invis];
    t2 [label="format"];
  }
  t3 [label="db\n(service)", shape=component];
  t4 [label="test"];
  subgraph cluster_t5 {
    graph [label="deploy\n(excluded)", tooltip="excluded: if: env.CI == 'true'", style="dashed", color=gray, fontcolor=gray];
    t5 [shape=point, style=invis];
    t6 [label="push\n(excluded)", tooltip="excluded: if: env.CI == 'true'", style="dashed", color=gray, fontcolor=gray];
  }
  t7 [label="cleanup\n(always)", style="rounded"];
  t1 -> t4 [ltail=cluster_t1];
  t3 -> t4 [label=ready];
  t4 -> t5 [lhead=cluster_t5];
  t2 -> t6 [label=done];
}
)dot");
}

TEST_CASE("a cluster takes over no tooltip from the cluster around it") {
  Draft draft;
  const TaskId outer = draft.group("outer");
  draft[outer].description = "of the outer one";
  draft.group("inner", Mode::errgroup, outer);
  CHECK(graph_as_dot(draft.plan()).find("[label=\"inner\", tooltip=\"\", style=\"\"]") !=
        std::string::npos);
}

TEST_CASE("Mermaid gets groups as subgraphs, and shapes that say the same") {
  CHECK(graph_as_mermaid(sample()) == R"mermaid(flowchart LR
  subgraph t1["lint<br/>(aggregate)"]
    t2["format"]
  end
  t3[["db<br/>(service)"]]
  t4["test"]
  subgraph t5["deploy<br/>(excluded)"]
    t6["push<br/>(excluded)"]
  end
  t7(["cleanup<br/>(always)"])
  t1 --> t4
  t3 -->|ready| t4
  t4 --> t5
  t2 -->|done| t6
  classDef excluded stroke-dasharray:5 5,color:gray
  class t5,t6 excluded
)mermaid");
}

TEST_CASE("JSON has every task with what it needs and when") {
  CHECK(graph_as_json(sample()) == R"({
  "version": 1,
  "name": "ci",
  "mode": "errgroup",
  "tasks": [
    {
      "name": "lint",
      "group": true,
      "mode": "aggregate",
      "description": "All of style",
      "needs": []
    },
    {
      "name": "lint/format",
      "group": false,
      "needs": []
    },
    {
      "name": "db",
      "group": false,
      "needs": [],
      "service": true
    },
    {
      "name": "test",
      "group": false,
      "needs": [
        {
          "task": "lint",
          "condition": "success"
        },
        {
          "task": "db",
          "condition": "ready"
        }
      ]
    },
    {
      "name": "deploy",
      "group": true,
      "mode": "errgroup",
      "needs": [
        {
          "task": "test",
          "condition": "success"
        }
      ],
      "excluded": "if: env.CI == 'true'"
    },
    {
      "name": "deploy/push",
      "group": false,
      "needs": [
        {
          "task": "lint/format",
          "condition": "done"
        }
      ],
      "excluded": "if: env.CI == 'true'"
    },
    {
      "name": "cleanup",
      "group": false,
      "needs": [],
      "when": "always"
    }
  ]
}
)");
}

TEST_CASE("no name leaves its label in Graphviz") {
  const auto label = [](const std::string& name) {
    const std::string dot = graph_as_dot(named(name));
    const std::size_t begin = dot.find("t1 [label=") + 10;
    return dot.substr(begin, dot.find("];\n", begin) - begin);
  };
  CHECK(label("say \"hi\"") == R"("say \"hi\"")");
  CHECK(label("a\\") == R"("a\\")");
  CHECK(label("\\N \\G") == R"("\\N \\G")");  // the node's name, the graph's
  CHECK(label("a\nb\x1b[31m") == R"("a\\nb\\e[31m")");
  CHECK(label("&lt; <b>x</b>") == R"("&amp;lt; <b>x</b>")");
  CHECK(label("<table>") == R"("<table>")");  // quoted, so it is no HTML
  CHECK(label("Prüfung ✓") == "\"Prüfung ✓\"");
  CHECK(graph_as_dot(named("\"; evil")).starts_with("digraph \"\\\"; evil\" {\n"));
}

TEST_CASE("no name leaves its label in Mermaid") {
  const auto label = [](const std::string& name) {
    const std::string text = graph_as_mermaid(named(name));
    const std::size_t begin = text.find("t1[") + 3;
    return text.substr(begin, text.rfind("]\n") - begin);
  };
  CHECK(label("say \"hi\"") == "\"say #34;hi#34;\"");
  CHECK(label("a]b[c") == "\"a#93;b#91;c\"");
  CHECK(label("#35;") == "\"#35;35#59;\"");
  CHECK(label("<b>&amp;") == "\"#60;b#62;#38;amp#59;\"");
  CHECK(label("`**bold**`") == "\"#96;#42;#42;bold#42;#42;#96;\"");
  CHECK(label("a\nb") == "\"a#92;nb\"");
  CHECK(label("%%{init}%%") == "\"#37;#37;#123;init#125;#37;#37;\"");
  CHECK(label("end") == "\"end\"");
  CHECK(label("build-all.v1 (a_b)") == "\"build-all.v1 (a_b)\"");
  CHECK(label("Prüfung ✓") == "\"Prüfung ✓\"");
}

TEST_CASE("no name is Markdown to Mermaid") {
  const auto has = [](const std::string& name, const std::string& label) {
    return graph_as_mermaid(named(name)).find("[\"" + label + "\"]") != std::string::npos;
  };
  CHECK(has("1. first", "1#46; first"));
  CHECK(has("2) second", "2#41; second"));
  CHECK(has("- third", "#45; third"));
  CHECK(has("__init__", "#95;#95;init#95;#95;"));
}

TEST_CASE("bytes that are not UTF-8 make no invalid JSON") {
  CHECK(graph_as_json(named("a\xff")).find("\"name\": \"a\xEF\xBF\xBD\"") != std::string::npos);
}

TEST_CASE("secrets are shown in no format") {
  Draft draft("hunter2");
  const TaskId first = draft.group("a hunter2");
  const TaskId second = draft.task("b hunter2", first);
  draft[second].description = "uses hunter2";
  draft[second].excluded = "if: 'hunter2' == ''";
  draft.need(second, draft.task("c hunter2"));
  for (const std::string& text :
       {graph_as_dot(draft.plan(), without_secret), graph_as_mermaid(draft.plan(), without_secret),
        graph_as_json(draft.plan(), without_secret)}) {
    CAPTURE(text);
    CHECK(text.find("a xxx") != std::string::npos);
    CHECK(text.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("an empty plan is an empty graph") {
  const Plan plan = Draft("none").plan();
  CHECK(graph_as_mermaid(plan) == "flowchart LR\n");
  CHECK(graph_as_dot(plan).ends_with("node [shape=box];\n}\n"));
}
